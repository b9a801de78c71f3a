package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// scriptHosts are what an application with matrix-js-sdk runs in.
var scriptHosts = map[string]func(t *testing.T, name string, input any) map[string]gjson.Result{
	"Node.js": runScript, "Chromium": runInChromium,
}

// visit is one page with a script in Chromium. The page is served here, so at another origin than each hospital, as the
// pages of web clients are: what the script gets from a hospital, the browser lets through by that hospital's CORS headers.
type visit struct {
	script []byte        // with its libraries, for a browser
	input  []byte        // JSON
	lines  chan []byte   // what the script reports
	ended  chan string   // why it failed, or empty
	over   chan struct{} // closed with the test, so that no request waits for it
}

// page tells the test also of scripts that cannot be loaded and of errors that nobody catches, which end Node.js as well.
const page = `<!doctype html><meta charset="utf-8"><title>A script</title><script>
const failed = (what) => fetch("end", { method: "POST", body: what });
addEventListener("error", (e) => failed("error: " + e.message));
addEventListener("unhandledrejection", (e) => failed("unhandled: " + (e.reason?.stack ?? e.reason)));
</script><script type="module" src="script.js" onerror="failed('the script is not loaded')"></script>`

func (v *visit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /":
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, page)
	case "GET /script.js":
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(v.script)
	case "GET /input":
		_, _ = w.Write(v.input)
	case "POST /report":
		v.take(r, func(body []byte) {
			select {
			case v.lines <- body:
			case <-v.over:
			}
		})
	case "POST /end":
		v.take(r, func(body []byte) {
			select {
			case v.ended <- string(body):
			case <-v.over:
			}
		})
	default:
		http.NotFound(w, r)
	}
}

func (v *visit) take(r *http.Request, put func([]byte)) {
	if body, err := io.ReadAll(r.Body); err == nil {
		put(body)
	}
}

// runInChromium runs a script with matrix-js-sdk as runScript does, but in a page of a headless Chromium.
func runInChromium(t *testing.T, name string, input any) map[string]gjson.Result {
	t.Helper()
	raw, err := json.Marshal(input)
	require.NoError(t, err)
	v := &visit{
		script: bundled(t, name), input: raw, lines: make(chan []byte), ended: make(chan string), over: make(chan struct{}),
	}
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(v.over) })
	browser := startChromium(t, server.URL)

	steps := map[string]gjson.Result{}
	timeout := time.After(scriptTimeout)
	for {
		select {
		case line := <-v.lines:
			require.True(t, gjson.ValidBytes(line), "not a line of JSON: %s", line)
			step := gjson.ParseBytes(line)
			steps[step.Get("step").Str] = step
		case failure := <-v.ended:
			require.Empty(t, failure, "the script failed after %v", steps)
			return steps
		case err := <-browser.done:
			require.FailNow(t, "Chromium ended", "%v after %v: %s", err, steps, browser.stderr.String())
		case <-timeout:
			require.FailNow(t, "the script does not end", "after %v", steps)
		}
	}
}

// bundled makes one file for a browser of a script and its libraries.
func bundled(t *testing.T, name string) []byte {
	t.Helper()
	libraries := filepath.Join(installed(t), "node_modules")
	found, err := filepath.Glob(filepath.Join(libraries, "@esbuild", "linux-*", "bin", "esbuild"))
	require.NoError(t, err)
	require.NotEmpty(t, found, "npm has no esbuild for this processor; run scripts/install-clients again")
	cmd := exec.CommandContext(t.Context(), found[0], filepath.Join("clients", name),
		"--bundle", "--format=esm", "--target=esnext", "--log-level=warning")
	cmd.Env = append(os.Environ(), "NODE_PATH="+libraries)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	script, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return script
}

// chromium is a browser that runs.
type chromium struct {
	done   chan error
	stderr bytes.Buffer // to be read when it is done
}

// startChromium opens a page; the browser ends with the test.
func startChromium(t *testing.T, address string) *chromium {
	t.Helper()
	path := chromiumIn(t)
	profile, err := os.MkdirTemp("", "medix-chromium-")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	// The page is the test's own, and root has no sandbox. The browser may not speak with anything but this machine.
	cmd := exec.CommandContext(ctx, path, "--headless=new", "--no-sandbox", "--user-data-dir="+profile, "--no-first-run",
		"--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--disable-sync", "--disable-component-update",
		"--disable-background-networking", "--disable-background-timer-throttling", "--password-store=basic",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", address)
	c := &chromium{done: make(chan error, 1)}
	cmd.Stderr = &c.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // so that it ends its children
	cmd.WaitDelay = 20 * time.Second
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		c.done <- cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		require.Eventually(t, func() bool { return os.RemoveAll(profile) == nil }, clientPatience, 50*time.Millisecond,
			"something still writes into the profile")
	})
	return c
}
