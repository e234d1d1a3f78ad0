package brief_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/calicoctl/calicoctl/internal/brief"
)

func TestShort(t *testing.T) {
	t.Parallel()
	const message, cell = 2000, 300
	for _, text := range []string{"", "short", strings.Repeat("x", message)} {
		if got := brief.Message(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	got := brief.Message("the beginning " + strings.Repeat("日", 1000) + " the end")
	if len(got) > message || !utf8.ValidString(got) || !strings.HasPrefix(got, "the beginning ") || !strings.HasSuffix(got, " the end") ||
		!strings.Contains(got, " bytes left out) ... ") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
	for text, want := range map[string]string{
		"short":                          "short",
		strings.Repeat("x", cell):        strings.Repeat("x", cell),
		strings.Repeat("x", cell+1):      strings.Repeat("x", cell) + "...",
		strings.Repeat("日", cell):        strings.Repeat("日", cell),
		strings.Repeat("日", cell) + "xy": strings.Repeat("日", cell) + "...",
	} {
		if got := brief.Cell(text); got != want {
			t.Errorf("%q is cut to %q", text, got)
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"web": "web", "": `""`, "a\nb": `a\x0ab`, "\x1b[2J": `\x1b[2J`} {
		if got := brief.Name(name); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
}
