package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/internal/signing"
)

const testEdition = "../site/testdata/edition"

func testKey(t testing.TB) signing.Key {
	t.Helper()
	key, err := signing.ParseKey("ed25519 test AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
	require.NoError(t, err)
	return key
}

func testBundle(t testing.TB) ([]byte, signing.Key) {
	t.Helper()
	key := testKey(t)
	file, _, err := Write(os.DirFS(testEdition), Signing{Publisher: "a.example", Key: key, Serial: 3, TS: 1_700_000_000_000})
	require.NoError(t, err)
	return file, key
}

func trusting(key signing.Key) func(*Manifest) error {
	return func(m *Manifest) error { return m.VerifyBy(key.ID, key.Public()) }
}

func TestWhatIsWrittenIsReadAndIsAlwaysTheSame(t *testing.T) {
	file, key := testBundle(t)
	again, _ := testBundle(t)
	require.Equal(t, file, again)
	b, err := Read(bytes.NewReader(file), trusting(key))
	require.NoError(t, err)
	require.Equal(t, "a.example", b.Publisher)
	require.EqualValues(t, 3, b.Serial)
	require.Equal(t, []string{key.ID}, b.KeyIDs())
	mark, err := handbook.MarkOf(os.DirFS(testEdition))
	require.NoError(t, err)
	require.Equal(t, mark, b.Mark)
	got, err := handbook.MarkOf(b.Files)
	require.NoError(t, err)
	require.Equal(t, mark, got)
	require.NotEmpty(t, b.Sections)
}

func TestTheEmbeddedEditionFitsIntoABundle(t *testing.T) {
	key := testKey(t)
	file, _, err := Write(handbook.Embedded(), Signing{Publisher: "a.example", Key: key, Serial: 1})
	require.NoError(t, err)
	require.Less(t, len(file), 2<<20)
	_, err = Read(bytes.NewReader(file), trusting(key))
	require.NoError(t, err)
}

// entry is an entry of an archive that is put together by hand.
type entry struct {
	tar.Header
	content []byte
}

func unpacked(t testing.TB, file []byte) []entry {
	t.Helper()
	compressed, err := gzip.NewReader(bytes.NewReader(file))
	require.NoError(t, err)
	archive := tar.NewReader(compressed)
	var out []entry
	for {
		head, err := archive.Next()
		if err == io.EOF {
			return out
		}
		require.NoError(t, err)
		content, err := io.ReadAll(archive)
		require.NoError(t, err)
		out = append(out, entry{*head, content})
	}
}

func packed(t testing.TB, entries []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	archive := tar.NewWriter(compressed)
	for _, e := range entries {
		if e.Typeflag == tar.TypeReg {
			e.Size = int64(len(e.content))
		}
		require.NoError(t, archive.WriteHeader(&e.Header))
		_, err := archive.Write(e.content)
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, compressed.Close())
	return out.Bytes()
}

// resigned changes the manifest and signs it again: what a publisher could do whom the node trusts.
func resigned(t testing.TB, raw []byte, change func(m map[string]any)) []byte {
	t.Helper()
	var m map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&m))
	delete(m, "signatures")
	change(m)
	draft, err := json.Marshal(m)
	require.NoError(t, err)
	publisher, _ := m["publisher"].(string)
	out, err := signing.SignJSON(publisher, testKey(t), draft)
	require.NoError(t, err)
	return out
}

func at(entries []entry, path string) int {
	return slices.IndexFunc(entries, func(e entry) bool { return e.Name == path })
}

func TestWhatIsNotExactlyWhatWasSignedIsRefused(t *testing.T) {
	file, key := testBundle(t)
	const fever = "en/fever.md"
	manifest := func(change func(m map[string]any)) func([]entry) []entry {
		return func(es []entry) []entry { es[0].content = resigned(t, es[0].content, change); return es }
	}
	fileIn := func(change func(f map[string]any)) func([]entry) []entry {
		return manifest(func(m map[string]any) { change(m["files"].([]any)[0].(map[string]any)) })
	}
	for name, c := range map[string]struct {
		change func([]entry) []entry
		reason string
	}{
		"another text":  {func(es []entry) []entry { es[at(es, fever)].content[300]++; return es }, fever + ": its bytes are not"},
		"a longer text": {func(es []entry) []entry { i := at(es, fever); es[i].content = append(es[i].content, ' '); return es }, fever + ": it has"},
		"a file more": {func(es []entry) []entry {
			return append(es, entry{tar.Header{Typeflag: tar.TypeReg, Name: "run.sh"}, nil})
		}, "run.sh: the manifest does not name"},
		"a file less":   {func(es []entry) []entry { return es[:len(es)-1] }, "the bundle ends before"},
		"a file twice":  {func(es []entry) []entry { return slices.Insert(es, 2, es[1]) }, "in its place"},
		"another order": {func(es []entry) []entry { es[1], es[2] = es[2], es[1]; return es }, "in its place"},
		"no manifest":   {func(es []entry) []entry { return es[1:] }, ManifestName + ": the bundle has"},
		"a link": {func(es []entry) []entry {
			i := at(es, fever)
			es[i].Typeflag, es[i].Linkname, es[i].content, es[i].Size = tar.TypeSymlink, "/etc/passwd", nil, 0
			return es
		}, fever + ": this is no plain file"},
		"a way out":         {fileIn(func(f map[string]any) { f["path"] = "../" + f["path"].(string) }), "is no path"},
		"from the top":      {fileIn(func(f map[string]any) { f["path"] = "/etc/passwd" }), "is no path"},
		"a backslash":       {fileIn(func(f map[string]any) { f["path"] = `ar\..\x.md` }), "is no path"},
		"a huge file":       {fileIn(func(f map[string]any) { f["size"] = maxFile + 1 }), "at most"},
		"a negative size":   {fileIn(func(f map[string]any) { f["size"] = -1 }), "at most"},
		"named twice":       {manifest(func(m map[string]any) { fs := m["files"].([]any); m["files"] = append(fs[:1:1], fs...) }), "twice"},
		"another mark":      {manifest(func(m map[string]any) { m["mark"] = strings.Repeat("0", 32) }), "sum up"},
		"another edition":   {manifest(func(m map[string]any) { m["edition"] = "other" }), "book.yaml"},
		"other languages":   {manifest(func(m map[string]any) { m["languages"] = []string{"en"} }), "languages"},
		"another status":    {manifest(func(m map[string]any) { m["sections"].([]any)[0].(map[string]any)["status"] = "approved" }), "sections"},
		"serial 0":          {manifest(func(m map[string]any) { m["serial"] = 0 }), "serial"},
		"of another type":   {manifest(func(m map[string]any) { m["type"] = "m.room.message" }), "type"},
		"without files":     {manifest(func(m map[string]any) { m["files"] = []any{} }), "files"},
		"without publisher": {manifest(func(m map[string]any) { m["publisher"] = "" }), "publisher"},
		"not canonical":     {func(es []entry) []entry { es[0].content = []byte(`{"type":1,"type":2}`); return es }, ManifestName + ":1:"},
		"a longer manifest": {func(es []entry) []entry { es[0].content = make([]byte, maxManifest+1); return es }, "larger than"},
	} {
		_, err := Read(bytes.NewReader(packed(t, c.change(unpacked(t, file)))), trusting(key))
		var problems handbook.Problems
		require.ErrorAs(t, err, &problems, name)
		require.ErrorContains(t, err, c.reason, name)
	}
	for name, raw := range map[string][]byte{
		"cut off": file[:len(file)-20], "something behind": append(slices.Clone(file), 'x'), "two": append(slices.Clone(file), file...),
		"no archive": []byte("hello"), "empty": nil,
	} {
		_, err := Read(bytes.NewReader(raw), trusting(key))
		var problems handbook.Problems
		require.ErrorAs(t, err, &problems, name)
	}
}

func TestAnEditionThatIsNotOfTheFormatIsNotBundledAndNotRead(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(testEdition)))
	require.NoError(t, os.WriteFile(folder+"/en/more.txt", []byte("x"), 0o600))
	_, _, err := Write(os.DirFS(folder), Signing{Publisher: "a.example", Key: testKey(t), Serial: 1})
	var problems handbook.Problems
	require.ErrorAs(t, err, &problems)
	require.Equal(t, "en/more.txt", problems[0].File)
}

func TestNoFileIsLookedAtBeforeTheSignature(t *testing.T) {
	file, key := testBundle(t)
	other := key
	other.ID = "ed25519:other"
	_, err := Read(bytes.NewReader(file), trusting(other))
	require.ErrorIs(t, err, ErrSignature, "signed by nobody who is asked for")
	forged, err := signing.GenerateKey()
	require.NoError(t, err)
	forged.ID = key.ID
	_, err = Read(bytes.NewReader(file), trusting(forged))
	require.ErrorIs(t, err, ErrSignature)

	entries := unpacked(t, file)
	entries[0].content = bytes.Replace(entries[0].content, []byte(`"serial":3`), []byte(`"serial":4`), 1)
	_, err = Read(bytes.NewReader(packed(t, entries)), trusting(key))
	require.ErrorIs(t, err, ErrSignature)
	_, err = Read(bytes.NewReader(packed(t, entries[:1])), trusting(key))
	require.ErrorIs(t, err, ErrSignature, "there are no files behind this manifest")
}

func TestWhatUnpacksToMoreThanIsPossibleEndsEarly(t *testing.T) {
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	archive := tar.NewWriter(compressed)
	require.NoError(t, archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: ManifestName, Size: 1 << 30, Mode: 0o644}))
	zeros := make([]byte, 1<<20)
	for range 16 {
		_, err := archive.Write(zeros)
		require.NoError(t, err)
	}
	require.NoError(t, compressed.Close())
	_, err := Read(&out, trusting(testKey(t)))
	require.ErrorContains(t, err, "larger than")
}

func FuzzRead(f *testing.F) {
	file, key := testBundle(f)
	f.Add(file)
	f.Add(packed(f, unpacked(f, file)[:2]))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := Read(bytes.NewReader(raw), trusting(key))
		if err == nil && b.Publisher != "a.example" {
			t.Fatal("a bundle of somebody else was trusted")
		}
	})
}

func FuzzReadManifest(f *testing.F) {
	file, key := testBundle(f)
	f.Add(unpacked(f, file)[0].content)
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := ReadManifest(raw)
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if strings.Contains(file.Path, "..") && strings.Contains("/"+file.Path+"/", "/../") || strings.HasPrefix(file.Path, "/") {
				t.Fatalf("a path that leads out: %q", file.Path)
			}
		}
		_ = m.VerifyBy(key.ID, key.Public())
	})
}
