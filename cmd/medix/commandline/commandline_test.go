package commandline

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type program struct {
	Config string `help:"The configuration." default:"it.yaml" env:"COMMANDLINE_TEST_CONFIG" type:"path" short:"c"`
	JSON   bool   `help:"As JSON."`

	User struct {
		Create createVerb `cmd:"" help:"Create an account."`
		Remove removeVerb `cmd:"" help:"Remove accounts."`
	} `cmd:"" help:"Accounts."`
	Ver struct{} `cmd:"" name:"version" help:"Print the version."`
}

type createVerb struct {
	Name          string        `arg:"" help:"The name."`
	Note          string        `arg:"" optional:"" help:"Anything."`
	PasswordStdin bool          `help:"Read the password."`
	Uses          int64         `help:"How many." default:"1"`
	Share         float64       `help:"How much."`
	Expires       time.Duration `help:"How long." default:"168h"`
	Tag           []string      `help:"Any number of them."`
}

type removeVerb struct {
	Names []string `arg:"" help:"The names."`
}

func parse(t *testing.T, args ...string) (program, Command, error) {
	t.Helper()
	var p program
	command, err := Parse(&p, "it", "A program.", args)
	return p, command, err
}

func TestVerbsArgumentsAndFlagsAreRead(t *testing.T) {
	here, err := filepath.Abs(".")
	require.NoError(t, err)
	p, command, err := parse(t, "--json", "user", "create", "anna", "-c", "other.yaml", "--uses=3", "--share", "0.5",
		"--expires", "90m", "--tag", "a", "--tag=b", "--password-stdin", "--", "--note")
	require.NoError(t, err)
	create, is := command.Verb.(*createVerb)
	require.True(t, is)
	require.Equal(t, createVerb{
		Name: "anna", Note: "--note", PasswordStdin: true, Uses: 3, Share: 0.5, Expires: 90 * time.Minute, Tag: []string{"a", "b"},
	}, *create)
	require.True(t, p.JSON)
	require.Equal(t, filepath.Join(here, "other.yaml"), p.Config)

	_, command, err = parse(t, "user", "remove", "anna", "bert")
	require.NoError(t, err)
	require.Equal(t, &removeVerb{Names: []string{"anna", "bert"}}, command.Verb)
}

func TestWhatIsLeftOutComesFromTheEnvironmentOrTheDefault(t *testing.T) {
	here, err := filepath.Abs(".")
	require.NoError(t, err)
	p, command, err := parse(t, "user", "create", "anna", "--json=false")
	require.NoError(t, err)
	require.Equal(t, &createVerb{Name: "anna", Uses: 1, Expires: 168 * time.Hour}, command.Verb)
	require.Equal(t, filepath.Join(here, "it.yaml"), p.Config)
	require.False(t, p.JSON)

	t.Setenv("COMMANDLINE_TEST_CONFIG", "/from/environment.yaml")
	p, _, err = parse(t, "version")
	require.NoError(t, err)
	require.Equal(t, "/from/environment.yaml", p.Config)
	p, _, err = parse(t, "version", "-c/from/flag.yaml")
	require.NoError(t, err)
	require.Equal(t, "/from/flag.yaml", p.Config)
}

func TestMisuseIsNamed(t *testing.T) {
	for reason, args := range map[string][]string{
		`expected one of "user", "version"`:              {},
		`expected one of "create", "remove"`:             {"user"},
		"unexpected argument nope":                       {"nope"},
		"unexpected argument more":                       {"version", "more"},
		"expected <name>":                                {"user", "create"},
		"expected <names>":                               {"user", "remove"},
		"unknown flag --nope":                            {"version", "--nope"},
		"unknown flag --uses":                            {"--uses", "3", "user", "create", "anna"},
		"unknown flag -x":                                {"version", "-x"},
		"--config: a value is missing":                   {"version", "--config"},
		`uses: "many" is no whole number`:                {"user", "create", "anna", "--uses", "many"},
		`share: "half" is no number`:                     {"user", "create", "anna", "--share", "half"},
		`expires: "3" is no duration such as 90m or 72h`: {"user", "create", "anna", "--expires", "3"},
		`json: "perhaps" is neither true nor false`:      {"version", "--json=perhaps"},
		"uses is given twice":                            {"user", "create", "anna", "--uses=1", "--uses=1"},
	} {
		_, _, err := parse(t, args...)
		var misuse *Misuse
		require.ErrorAs(t, err, &misuse, reason)
		require.Equal(t, reason, misuse.Reason)
		require.Contains(t, misuse.Help, "Usage: it")
	}
}

func TestHelpNamesEverything(t *testing.T) {
	_, command, err := parse(t, "--help")
	require.NoError(t, err)
	require.Nil(t, command.Verb)
	for _, part := range []string{
		"Usage: it <command> [flags]", "A program.", "-c, --config=CONFIG", "Default: it.yaml.", "($COMMANDLINE_TEST_CONFIG)",
		"  user create <name> [<note>] [flags]\n    Create an account.", "  user remove <names> …", "  version\n",
	} {
		require.Contains(t, command.Help, part)
	}
	_, command, err = parse(t, "user", "create", "-h", "--nope")
	require.NoError(t, err)
	for _, part := range []string{"Usage: it user create <name> [<note>] [flags]", "--password-stdin", "--json", "Default: 168h."} {
		require.Contains(t, command.Help, part)
	}
}

func TestAStructWithTagsThatHaveNoEffectIsRefused(t *testing.T) {
	for _, p := range []any{
		&struct {
			A string `helps:"x"`
		}{},
		&struct {
			A string `type:"url"`
		}{},
		&struct {
			A map[string]string `help:"x"`
		}{},
		&struct {
			a string `help:"x"`
		}{},
	} {
		_, err := Parse(p, "it", "", nil)
		require.Error(t, err)
		var misuse *Misuse
		require.NotErrorAs(t, err, &misuse)
	}
}
