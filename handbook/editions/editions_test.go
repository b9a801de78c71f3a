package editions

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

const testEdition = "../site/testdata/edition"

// shelved is a store with the shelf that it fills.
type shelved struct {
	*Store
	shelf *handbook.Shelf
	clock time.Time
}

func storeOn(t testing.TB, db *sqldb.DB, dir, folder string) *shelved {
	t.Helper()
	out := &shelved{clock: time.UnixMilli(1_700_000_000_000)}
	out.Store = New(Options{
		DB: db, Dir: dir, Folder: folder, Program: variant(t, "example", ""), Log: sqldbtest.Quiet(), Switched: func(e *handbook.Edition) { out.shelf.Show(e) },
		Now: func() time.Time { out.clock = out.clock.Add(time.Second); return out.clock },
	})
	out.shelf = handbook.NewShelfOf(out.Read, out.Store.o.Now)
	return out
}

// variant is the test's edition with another name and, where with is not "", another word for fever in English.
func variant(t testing.TB, name, with string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(os.DirFS(testEdition), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(testEdition, path))
		files[path] = &fstest.MapFile{Data: data}
		return err
	}))
	lines := strings.Split(string(files["book.yaml"].Data), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "edition:") {
			lines[i] = fmt.Sprintf("edition: %q", name)
		}
	}
	files["book.yaml"].Data = []byte(strings.Join(lines, "\n"))
	if with != "" {
		text := string(files["en/fever.md"].Data)
		changed := strings.Replace(text, "temperature", with, 1)
		require.NotEqual(t, text, changed)
		files["en/fever.md"].Data = []byte(changed)
	}
	return files
}

func shows(t *testing.T, s *shelved) string {
	t.Helper()
	e, err := s.shelf.Edition()
	require.NoError(t, err)
	return e.Edition
}

func TestAnEditionIsShownFromItsActivationOnAndTheOneBeforeItAgain(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db, dir := sqldbtest.Open(t, fresh()), t.TempDir()
		s := storeOn(t, db, dir, "")
		example := shows(t, s)
		_, installed, err := s.Current(t.Context())
		require.NoError(t, err)
		require.False(t, installed)

		first, err := s.Install(t.Context(), variant(t, "one", ""), Origin{Kind: Editor, From: "@ana:a.example"})
		require.NoError(t, err)
		require.Equal(t, example, shows(t, s), "what is installed only is not shown")
		require.NoError(t, s.Activate(t.Context(), first.Mark, "@ana:a.example"))
		require.Equal(t, "one", shows(t, s))
		second, err := s.Install(t.Context(), variant(t, "two", ""), Origin{Kind: Bundle, Publisher: "b.example", Serial: 7})
		require.NoError(t, err)
		require.NoError(t, s.Activate(t.Context(), second.Mark, "admin"))
		require.Equal(t, "two", shows(t, s))

		again := storeOn(t, db, dir, "")
		require.Equal(t, "two", shows(t, again), "after a restart")
		current, installed, err := again.Current(t.Context())
		require.NoError(t, err)
		require.True(t, installed)
		require.Equal(t, Origin{Kind: Bundle, Publisher: "b.example", Serial: 7}, current.Origin)
		all, err := again.List(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 3, "with the program's own, which was shown before")
		require.Equal(t, second.Mark, all[0].Mark)

		require.NoError(t, again.Activate(t.Context(), first.Mark, "admin"))
		require.Equal(t, "one", shows(t, again))
		own := slices.IndexFunc(all, func(e Edition) bool { return e.Origin.Kind == Program })
		require.NoError(t, again.Activate(t.Context(), all[own].Mark, "admin"))
		require.Equal(t, example, shows(t, again), "back to the program's own")
	})
}

func TestTheSameFilesAreTheSameEdition(t *testing.T) {
	s := storeOn(t, sqldbtest.New(t), t.TempDir(), "")
	first, err := s.Install(t.Context(), variant(t, "one", ""), Origin{Kind: Editor, From: "@ana:a.example"})
	require.NoError(t, err)
	again, err := s.Install(t.Context(), variant(t, "one", ""), Origin{Kind: Server, From: "b.example"})
	require.NoError(t, err)
	require.Equal(t, first, again)
	all, err := s.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	found, err := s.Find(t.Context(), first.Mark[:6])
	require.NoError(t, err)
	require.Equal(t, first, found)
	_, err = s.Find(t.Context(), "")
	require.ErrorIs(t, err, ErrUnknown)
}

func TestNothingOfAnEditionThatCannotBeReadIsKept(t *testing.T) {
	wrong := func(change func(fstest.MapFS)) fstest.MapFS {
		files := variant(t, "wrong", "")
		change(files)
		return files
	}
	dir := t.TempDir()
	s := storeOn(t, sqldbtest.New(t), dir, "")
	s.maxFiles, s.maxBytes = 100, 64<<10
	for name, files := range map[string]fs.FS{
		"a script": wrong(func(f fstest.MapFS) {
			f["en/fever.md"].Data = append(f["en/fever.md"].Data, "\n<script>x</script>\n"...)
		}),
		"another file": wrong(func(f fstest.MapFS) { f["en/run.sh"] = &fstest.MapFile{} }),
		"a link": wrong(func(f fstest.MapFS) {
			f["en/link.md"] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("fever.md")}
		}),
		"without a plan": wrong(func(f fstest.MapFS) { delete(f, "book.yaml") }),
		"a wrong hash": wrong(func(f fstest.MapFS) {
			f["de/fever.md"].Data = []byte(strings.Replace(string(f["de/fever.md"].Data), "source_hash: \"", "source_hash: \"x", 1))
		}),
		"too many files": wrong(func(f fstest.MapFS) {
			for i := range 100 {
				f[fmt.Sprintf("images/%d.png", i)] = &fstest.MapFile{}
			}
		}),
		"a very long one": wrong(func(f fstest.MapFS) { f["images/a.png"] = &fstest.MapFile{Data: make([]byte, 70<<10)} }),
	} {
		_, err := s.Install(t.Context(), files, Origin{Kind: Bundle})
		var problems handbook.Problems
		require.ErrorAs(t, err, &problems, name)
		require.NotEmpty(t, problems[0].File, name)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	all, err := s.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestTheLastGoodEditionStaysWhenAnArchiveIsSpoilt(t *testing.T) {
	db, dir := sqldbtest.New(t), t.TempDir()
	s := storeOn(t, db, dir, "")
	first, err := s.Install(t.Context(), variant(t, "one", ""), Origin{Kind: Editor})
	require.NoError(t, err)
	require.NoError(t, s.Activate(t.Context(), first.Mark, "admin"))
	second, err := s.Install(t.Context(), variant(t, "two", ""), Origin{Kind: Editor})
	require.NoError(t, err)
	other, err := os.ReadFile(s.path(first.Mark))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.path(second.Mark), other, 0o600))

	require.Error(t, s.Activate(t.Context(), second.Mark, "admin"), "another edition under its mark")
	require.Equal(t, "one", shows(t, s))
	require.ErrorIs(t, s.Activate(t.Context(), strings.Repeat("0", 32), "admin"), ErrUnknown)

	_, err = s.Install(t.Context(), variant(t, "two", ""), Origin{Kind: Editor})
	require.NoError(t, err)
	require.NoError(t, s.Activate(t.Context(), second.Mark, "admin"), "installing it again mends it")
	require.NoError(t, os.Truncate(s.path(second.Mark), 100))
	require.Equal(t, "one", shows(t, storeOn(t, db, dir, "")), "spoilt while it was shown, seen at the next start")
}

func TestTheFolderIsInstalledWhenItHasChanged(t *testing.T) {
	db, dir, folder := sqldbtest.New(t), t.TempDir(), t.TempDir()
	write := func(name string) { require.NoError(t, os.CopyFS(filepath.Join(folder, name), variant(t, name, ""))) }
	write("one")
	write("two")
	write("broken")
	require.NoError(t, os.Remove(filepath.Join(folder, "broken", "en", "fever.md")))
	at := func(name string) *shelved { return storeOn(t, db, dir, filepath.Join(folder, name)) }

	_, err := at("broken").shelf.Edition()
	require.Error(t, err, "nothing of the hospital's own was there before, and the example is not shown in its place")
	require.Equal(t, "one", shows(t, at("one")))
	update, err := at("one").Install(t.Context(), variant(t, "update", ""), Origin{Kind: Server})
	require.NoError(t, err)
	require.NoError(t, at("one").Activate(t.Context(), update.Mark, "admin"))
	require.Equal(t, "update", shows(t, at("one")), "the folder is as it was")
	require.Equal(t, "update", shows(t, at("broken")), "the last good one stays")
	require.Equal(t, "two", shows(t, at("two")), "the folder has changed")
	require.Equal(t, "one", shows(t, at("one")), "to one that was there before")
}

func TestOldEditionsAreForgottenButNotWhatIsShownOrPinned(t *testing.T) {
	s := storeOn(t, sqldbtest.New(t), t.TempDir(), "")
	const kept = 3
	s.o.Keep = kept
	install := func(name string) Edition {
		e, err := s.Install(t.Context(), variant(t, name, ""), Origin{Kind: Editor})
		require.NoError(t, err)
		return e
	}
	pinned, current := install("pinned"), install("current")
	require.NoError(t, s.Pin(t.Context(), pinned.Mark, true))
	require.NoError(t, s.Activate(t.Context(), current.Mark, "admin"))
	old := install("old")
	for i := range kept {
		install(fmt.Sprint(i))
	}
	all, err := s.List(t.Context())
	require.NoError(t, err)
	marks := map[string]bool{}
	for _, e := range all {
		marks[e.Mark] = true
	}
	require.True(t, marks[pinned.Mark])
	require.True(t, marks[current.Mark])
	require.False(t, marks[old.Mark])
	_, err = os.Stat(s.path(old.Mark))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Len(t, marks, kept+3, "and the program's own, which was shown before")
}

func TestWhatIsPinnedGivesWayToPeopleOnly(t *testing.T) {
	s := storeOn(t, sqldbtest.New(t), t.TempDir(), "")
	one, err := s.Install(t.Context(), variant(t, "one", ""), Origin{Kind: Editor})
	require.NoError(t, err)
	two, err := s.Install(t.Context(), variant(t, "two", ""), Origin{Kind: Editor})
	require.NoError(t, err)
	require.NoError(t, s.Activate(t.Context(), one.Mark, "admin"))
	require.NoError(t, s.Pin(t.Context(), one.Mark, true))
	require.ErrorIs(t, s.ActivateUnlessPinned(t.Context(), two.Mark, ""), ErrPinned)
	require.Equal(t, "one", shows(t, s))
	require.NoError(t, s.Activate(t.Context(), two.Mark, "admin"))
	require.NoError(t, s.ActivateUnlessPinned(t.Context(), one.Mark, ""))
	require.ErrorIs(t, s.Pin(t.Context(), strings.Repeat("0", 32), true), ErrUnknown)
}

func TestWhatTheSourceSaidBeforeIsRemembered(t *testing.T) {
	s := storeOn(t, sqldbtest.New(t), t.TempDir(), "")
	e, err := s.Install(t.Context(), variant(t, "one", ""), Origin{Kind: Editor})
	require.NoError(t, err)
	require.NoError(t, s.Activate(t.Context(), e.Mark, "admin"))
	before, err := s.shelf.Edition()
	require.NoError(t, err)
	section, _ := before.Section("en", "fever")
	e, err = s.Install(t.Context(), variant(t, "two", "heat"), Origin{Kind: Editor})
	require.NoError(t, err)
	require.NoError(t, s.Activate(t.Context(), e.Mark, "admin"))
	for _, b := range section.Blocks {
		said, ok, err := s.Block(t.Context(), b.Hash)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, Block{Anchor: b.Anchor, Title: b.Title, Text: b.Text}, said)
	}
	_, ok, err := s.Block(t.Context(), strings.Repeat("0", 32))
	require.NoError(t, err)
	require.False(t, ok)
}

func TestWhatACrashLeftIsRemoved(t *testing.T) {
	dir := t.TempDir()
	s := storeOn(t, sqldbtest.New(t), dir, "")
	orphan := filepath.Join(dir, strings.Repeat("a", 32)+archiveSuffix)
	for _, path := range []string{orphan, filepath.Join(dir, temporary+"123")} {
		require.NoError(t, os.WriteFile(path, []byte("half"), 0o600))
	}
	e, err := s.Install(t.Context(), variant(t, "one", ""), Origin{Kind: Editor})
	require.NoError(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, e.Mark+archiveSuffix, left[0].Name())
}

func TestWhatAPublisherSignedBeforeIsNotTakenAgain(t *testing.T) {
	s := storeOn(t, sqldbtest.New(t), t.TempDir(), "")
	take := func(name string, serial int64) error {
		_, err := s.Install(t.Context(), variant(t, name, ""), Origin{Kind: Server, From: "a.example", Publisher: "a.example", Serial: serial})
		return err
	}
	require.NoError(t, take("two", 2))
	require.ErrorIs(t, take("one", 1), ErrOlder)
	require.ErrorIs(t, take("other two", 2), ErrFork)
	require.NoError(t, take("two", 2), "the same again")
	require.NoError(t, take("three", 3))
	require.ErrorIs(t, take("two", 2), ErrOlder, "although it is kept here")
	require.NoError(t, take("two", 4), "published again")
	_, err := s.Install(t.Context(), variant(t, "one", ""), Origin{Kind: Server, From: "b.example", Publisher: "b.example", Serial: 1})
	require.NoError(t, err, "of another publisher")
	serial, mark, err := s.Serial(t.Context(), "a.example", "test-edition")
	require.NoError(t, err)
	require.EqualValues(t, 4, serial)
	require.NotEmpty(t, mark)
	all, err := s.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 3)
}

func TestLocalSectionsSurviveUpdates(t *testing.T) {
	db, dir, local := sqldbtest.New(t), t.TempDir(), t.TempDir()
	own := string(variant(t, "one", "heat of ours")["en/fever.md"].Data)
	write := func(text string) {
		require.NoError(t, os.MkdirAll(filepath.Join(local, "en"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(local, "en", "fever.md"), []byte(text), 0o600))
	}
	write(own)
	open := func() *shelved {
		s := storeOn(t, db, dir, "")
		s.o.Local = local
		return s
	}
	says := func(s *shelved) bool {
		e, err := s.shelf.Edition()
		require.NoError(t, err)
		section, _ := e.Section("en", "fever")
		return strings.Contains(section.Body, "heat of ours")
	}
	s := open()
	require.True(t, says(s), "over the program's edition")
	one, err := s.Install(t.Context(), variant(t, "one", ""), Origin{Kind: Server})
	require.NoError(t, err)
	require.NoError(t, s.Activate(t.Context(), one.Mark, "admin"))
	require.True(t, says(s))
	require.Equal(t, "one", shows(t, s))

	write("no section")
	require.True(t, says(open()), "what could be read last")
	two, err := s.Install(t.Context(), variant(t, "two", ""), Origin{Kind: Server})
	require.NoError(t, err)
	require.ErrorContains(t, s.Activate(t.Context(), two.Mark, "admin"), "en/fever.md")
	require.Equal(t, "one", shows(t, s))
	require.NoError(t, os.RemoveAll(dir+"/"+localArchive))
	require.False(t, says(open()), "the edition alone where nothing local could ever be read")
}
