package editor

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ visual, editor, want string }{
		{"code --wait", "nano", "code --wait"},
		{"", "nano", "nano"},
		{"", "", ""},
	} {
		env := map[string]string{"VISUAL": test.visual, "EDITOR": test.editor}
		got, err := Choose(func(name string) string { return env[name] }, strings.NewReader(""))
		if got != test.want || (err != nil) != (test.want == "") || err != nil && !errors.Is(err, ErrNoTerminal) {
			t.Errorf("%+v: %q, %v", test, got, err)
		}
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for editor, want := range map[string]string{"nano": "nano", "code --wait": "code", `"my editor" -x`: "sh", "A=1 nano": "sh", "": "sh"} {
		if args := arguments(editor, "file"); args[0] != want || args[len(args)-1] != "file" {
			t.Errorf("%q: %q", editor, args)
		}
	}
}

func TestEdit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ editor, reason, want, wrong string }{
		{editor: "true", want: "one\n"},
		{editor: "true", reason: "line 1 is wrong\n", want: "one\n"},
		{editor: "grep -q '#! line 1' \"$1\" && sed -i s/one/two/", reason: "line 1 is wrong\n", want: "two\n"},
		{editor: "false", want: "one\n", wrong: "failed"},
		{editor: "rm", want: "one\n", wrong: "no such file"},
		{editor: `printf '\377\376x' >`, want: "\xff\xfex", wrong: "nothing was changed"},
	} {
		f := &File{Path: filepath.Join(t.TempDir(), "text")}
		saved, err := f.Edit(Editor{Command: test.editor}, "one\n", test.reason)
		if saved != test.want || (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%+v: %q, %v", test, saved, err)
		}
	}
}

func TestKeep(t *testing.T) {
	t.Parallel()
	f := &File{Path: filepath.Join(t.TempDir(), "text")}
	if err := f.Keep("kept\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Keep("another\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(f.Path); err != nil || !slices.Equal(got, []byte("kept\n")) {
		t.Errorf("%q, %v", got, err)
	}
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", f.Path); err != nil {
		t.Fatal(err)
	}
	link := f.Path
	if err := f.Keep("kept\n"); err != nil || f.Path == link {
		t.Errorf("%s, %v", f.Path, err)
	}
}
