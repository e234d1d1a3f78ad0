package resolve_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

func TestAmbiguousErrorText(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  *resolve.AmbiguousError
		want string
	}{
		"control characters in names": {
			&resolve.AmbiguousError{Word: "0123456789ab", Networks: []resolve.Network{
				{ID: idTwin1, Name: "\x1b[2Jred\n"}, {ID: idTwin2, Name: "\u202eright to left\xff"},
			}},
			`"0123456789ab" begins the IDs of 2 Docker networks: ` + idTwin1 + ` ("\x1b[2Jred\n"), ` +
				idTwin2 + ` ("\u202eright to left\xff"); give the full ID`,
		},
		"control characters in the word": {
			&resolve.AmbiguousError{Word: "a\tb", Networks: []resolve.Network{{ID: idA, Name: "a\tb"}, {ID: idB, Name: "a\tb"}}},
			`"a\tb" is the name of 2 Docker networks: ` + idA + ", " + idB + "; give the full ID",
		},
		"control characters in IDs": {
			&resolve.AmbiguousError{Word: "web", Networks: []resolve.Network{{ID: "\x07", Name: "web"}, {ID: "a b", Name: "web"}}},
			`"web" is the name of 2 Docker networks: "\x07", "a b"; give the full ID`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.err.Error(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			checkPrintable(t, test.err.Error())
		})
	}
}

func TestEngineErrorText(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  resolve.EngineError
		want string
	}{
		"plain": {
			resolve.EngineError{Host: "unix:///run/d.sock", Err: errors.New("permission denied")},
			"Docker engine at unix:///run/d.sock: permission denied",
		},
		"several lines": {
			resolve.EngineError{Host: "tcp://h:1", Err: errors.New("one\n\ttwo \r\n three\n")},
			"Docker engine at tcp://h:1: one two three",
		},
		"control characters": {
			resolve.EngineError{Host: "tcp://\x1b[2J", Err: errors.New("say \"\x1b[31m\xff\u202e\"")},
			`Docker engine at "tcp://\x1b[2J": say "\x1b[31m\xff\xe2\x80\xae"`,
		},
		"long": {
			resolve.EngineError{Host: "tcp://h:1", Err: errors.New(strings.Repeat("é", 1000))},
			"Docker engine at tcp://h:1: " + strings.Repeat("é", 300) + "...",
		},
		"nothing known": {resolve.EngineError{}, "Docker engine: failed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.err.Error(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			checkPrintable(t, test.err.Error())
		})
	}
}

func TestEngineErrorUnwraps(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := fmt.Errorf("show: %w", &resolve.EngineError{Host: "h", Err: cause})
	if !errors.Is(err, cause) || errors.Is(err, resolve.ErrNoEngine) {
		t.Errorf("%v: cause %v, no engine %v", err, errors.Is(err, cause), errors.Is(err, resolve.ErrNoEngine))
	}
}
