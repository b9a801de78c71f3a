package sqldb

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRewrite(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"numbers stay", "SELECT $2, $1, $10", "SELECT ?2, ?1, ?10"},
		{"string literal", "SELECT '$1', 'it''s $2', $1", "SELECT '$1', 'it''s $2', ?1"},
		{"quoted name", `SELECT "a$1" FROM t WHERE b = $1`, `SELECT "a$1" FROM t WHERE b = ?1`},
		{"line comment", "SELECT $1 -- $2\n, $3", "SELECT ?1 -- $2\n, ?3"},
		{"block comment", "SELECT /* $1 */ $2", "SELECT /* $1 */ ?2"},
		{"unclosed literal", "SELECT '$1", "SELECT '$1"},
		{"lone dollar", "SELECT $, a$1", "SELECT $, a$1"},
		{"any", "x = ANY($3) AND y=$1", "x IN (SELECT value FROM json_each(?3)) AND y=?1"},
		{"any, spaced", "x =\n any ( $3 )", "x IN (SELECT value FROM json_each(?3))"},
		{"all", "x <> ALL($1)", "x NOT IN (SELECT value FROM json_each(?1))"},
		{"any of something else", "x = ANY(SELECT 1)", "x = ANY(SELECT 1)"},
		{"equal at the end", "x = ", "x = "},
		{"any at the end", "x = ANY(", "x = ANY("},
		{"any unclosed", "x = ANY($1", "x = ANY(?1"},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, rewrite(c.in)) })
	}
}

func TestRewrittenTextsAreBounded(t *testing.T) {
	cache := &texts{dialect: SQLite, known: map[string]string{}}
	for i := range maxTexts + 10 {
		cache.text("SELECT " + string(rune('a'+i%26)) + " -- " + string(rune(i)))
	}
	require.LessOrEqual(t, len(cache.known), maxTexts)
}

func TestListArguments(t *testing.T) {
	require.Equal(t, "[1,-2]", List([]int64{1, -2}).(list).argument(SQLite))
	require.Equal(t, "[]", List([]int64(nil)).(list).argument(SQLite))
	require.Equal(t, `["a\"b","ü"]`, List([]string{`a"b`, "ü"}).(list).argument(SQLite))
	require.Equal(t, "[]", List([]string(nil)).(list).argument(SQLite))
	require.Equal(t, []int64{}, List([]int64(nil)).(list).argument(Postgres))
	require.Equal(t, []string{"a"}, List([]string{"a"}).(list).argument(Postgres))

	args := []any{1, List([]string{"a"}), "x"}
	got := (&texts{dialect: SQLite}).arguments(args)
	require.Equal(t, []any{1, `["a"]`, "x"}, got)
	require.IsType(t, strs{}, args[1], "the caller's arguments stay as they are")
}
