package password

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHashAndCheck(t *testing.T) {
	h := New(Options{Cheap: true})
	ctx := context.Background()
	hash, err := h.Hash(ctx, "correct horse")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$"), hash)
	other, err := h.Hash(ctx, "correct horse")
	require.NoError(t, err)
	require.NotEqual(t, hash, other, "salted")
	for _, c := range []struct {
		name, password, hash string
		want                 bool
	}{
		{"right", "correct horse", hash, true},
		{"wrong", "wrong", hash, false},
		{"nobody", "correct horse", "", false},
		{"nobody, empty", "", "", false},
		{"too long", strings.Repeat("a", 513), hash, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ok, err := h.Check(ctx, c.password, c.hash)
			require.NoError(t, err)
			require.Equal(t, c.want, ok)
		})
	}
	_, err = h.Hash(ctx, strings.Repeat("a", 513))
	require.ErrorIs(t, err, ErrTooLong)
	for _, bad := range []string{"x", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", strings.Replace(hash, "m=64", "m=99999999", 1), strings.Replace(hash, "t=1", "t=0", 1)} {
		_, err := h.Check(ctx, "x", bad)
		require.Error(t, err, bad)
	}
}

func TestUsualCost(t *testing.T) {
	hash, err := New(Options{}).Hash(context.Background(), "correct horse")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$"), hash)
	ok, err := New(Options{Cheap: true}).Check(context.Background(), "correct horse", hash)
	require.NoError(t, err)
	require.True(t, ok, "the parameters are those of the hash")
}

func TestWaitingForASlotEndsWithTheRequest(t *testing.T) {
	h := New(Options{Concurrent: 1, Cheap: true})
	h.slots <- struct{}{}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := h.Hash(ctx, "x")
	require.ErrorIs(t, err, context.Canceled)
}

func BenchmarkHash(b *testing.B) {
	h := New(Options{})
	for b.Loop() {
		if _, err := h.Hash(context.Background(), "correct horse"); err != nil {
			b.Fatal(err)
		}
	}
}
