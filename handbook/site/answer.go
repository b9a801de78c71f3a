package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/klauspost/compress/gzip"
)

// answer is what is sent, in both forms.
type answer struct {
	kind  string // Content-Type
	plain []byte
	zip   []byte // gzipped; nil where that is not smaller
	tag   string // ETag
}

// zippers are kept for the next page: each holds a megabyte.
var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// zipFrom is the size in bytes from which compressing pays.
const zipFrom = 1 << 10

func newAnswer(kind string, body []byte) (*answer, error) {
	a := &answer{kind: kind, plain: body, tag: tagOf(body)}
	if len(body) < zipFrom {
		return a, nil
	}
	var zipped bytes.Buffer
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(&zipped)
	if _, err := z.Write(body); err != nil {
		return nil, fmt.Errorf("compressing a page: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compressing a page: %w", err)
	}
	if zipped.Len() < len(body) {
		a.zip = bytes.Clone(zipped.Bytes())
	}
	return a, nil
}

// tagOf is a weak ETag: it is the same for both forms.
func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `W/"` + hex.EncodeToString(sum[:12]) + `"`
}

func (a *answer) size() int { return len(a.plain) + len(a.zip) }

// send answers a request, with 304 where the reader has it already.
func (a *answer) send(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	if a.tag != "" {
		h.Set("ETag", a.tag)
	}
	h.Add("Vary", "Accept-Encoding")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-cache")
	}
	if a.tag != "" && status == http.StatusOK && matches(r.Header.Get("If-None-Match"), a.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := a.plain
	if a.zip != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = a.zip
	}
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a reader who went away needs no answer; for HEAD nothing is sent
}

// matches compares weakly (RFC 9110, section 13.1.2): both forms of a page are the same page.
func matches(header, tag string) bool {
	for _, one := range strings.Split(header, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

func acceptsGzip(header string) bool {
	for _, part := range strings.Split(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		q, found := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !found || err == nil && weight > 0
	}
	return false
}

// cache keeps the answers that were asked for last, up to a number of bytes.
type cache struct {
	mu    sync.Mutex
	kept  *lru.Cache[string, *answer]
	bytes int
}

const (
	cacheBytes   = 2 << 20
	cacheEntries = 500
)

func newCache() (*cache, error) {
	c := &cache{}
	kept, err := lru.NewWithEvict(cacheEntries, func(_ string, a *answer) { c.bytes -= a.size() })
	if err != nil {
		return nil, fmt.Errorf("making the cache of pages: %w", err)
	}
	c.kept = kept
	return c, nil
}

func (c *cache) get(key string) (*answer, bool) { return c.kept.Get(key) }

func (c *cache) put(key string, a *answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept.Contains(key) {
		return // somebody else made the same page meanwhile
	}
	c.bytes += a.size()
	c.kept.Add(key, a)
	for c.bytes > cacheBytes && c.kept.Len() > 1 {
		c.kept.RemoveOldest()
	}
}

func (c *cache) purge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept.Purge()
}
