package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptExpand replaces files by what text/template makes of them, so that a
// script can hold megabytes:
//
//	expand FILE...
//
// {{list 3 "," "<%d>"}} is <1>,<2>,<3>; {{repeat 3 "ab"}} is ababab.
func scriptExpand(ts *testscript.TestScript, _ bool, args []string) {
	functions := template.FuncMap{
		"repeat": func(n int, text string) string { return strings.Repeat(text, n) },
		"list": func(n int, separator, format string) string {
			items := make([]string, n)
			for i := range items {
				items[i] = strings.ReplaceAll(format, "%d", fmt.Sprint(i+1))
			}
			return strings.Join(items, separator)
		},
	}
	for _, name := range args {
		expanded, err := template.New(name).Funcs(functions).Parse(ts.ReadFile(name))
		ts.Check(err)
		var out bytes.Buffer
		ts.Check(expanded.Execute(&out, nil))
		ts.Check(os.WriteFile(ts.MkAbs(name), out.Bytes(), 0o644))
	}
}

// scriptFill writes many keys, or one that is too long for a script:
//
//	etcd-fill N KEYFILE FILE
//
// In the key and in the value %d is the number of the key, from 1.
func scriptFill(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	key, value := readTrimmed(ts, args[1]), readTrimmed(ts, args[2])
	for i := range n {
		number := strconv.Itoa(i + 1)
		_, err := worldOf(ts).client.Put(context.Background(), strings.ReplaceAll(key, "%d", number), strings.ReplaceAll(value, "%d", number))
		ts.Check(err)
	}
}

// scriptWithin runs a command that must end in time:
//
//	within TIME exits N command...
//
// The time only tells what grows with the size of a document from what grows with
// its square.
func scriptWithin(ts *testscript.TestScript, neg bool, args []string) {
	most, err := time.ParseDuration(args[0])
	ts.Check(err)
	start := time.Now()
	scriptExits(ts, neg, args[2:])
	if took := time.Since(start); took > most {
		ts.Fatalf("it took %s, more than %s", took, most)
	}
}

// scriptSafe looks for anything that a terminal would obey in what the last
// command has printed:
//
//	safe
func scriptSafe(ts *testscript.TestScript, _ bool, _ []string) {
	for _, name := range []string{"stdout", "stderr"} {
		if why := unsafe(ts.ReadFile(name)); why != "" {
			ts.Fatalf("%s: %s", name, why)
		}
	}
}

// unsafe says what in a text a terminal would obey, or nothing. It does not ask
// the program under test: those are the bytes and characters that Unicode says
// are no text or are not seen.
func unsafe(text string) string {
	if !utf8.ValidString(text) {
		return "not UTF-8"
	}
	for i, r := range text {
		obeyed := r < ' ' && r != '\n' || 0x7f <= r && r <= 0xa0 || r == 0xad || r == 0x34f || r == 0x61c ||
			0x115f <= r && r <= 0x1160 || 0x17b4 <= r && r <= 0x17b5 || 0x180b <= r && r <= 0x180f ||
			0x2000 <= r && r <= 0x200f || 0x2028 <= r && r <= 0x202f || 0x205f <= r && r <= 0x206f ||
			r == 0x2800 || r == 0x3000 || r == 0x3164 || 0xfe00 <= r && r <= 0xfe0f || r == 0xfeff || r == 0xffa0 ||
			0xfff9 <= r && r <= 0xfffb || 0xe000 <= r && r <= 0xf8ff || 0xe0000 <= r && r <= 0xe0fff
		if obeyed {
			return fmt.Sprintf("%U in %q", r, text[max(0, i-20):min(len(text), i+20)])
		}
	}
	return ""
}
