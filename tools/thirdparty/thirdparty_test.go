package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	apache = "Apache License\nVersion 2.0\n"
	mit    = "Copyright (c) 2014 A. Person\nPermission is hereby granted\n"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	linked := map[string]string{"example.org/a": "v1.0.0", "example.org/b/v2": "v2.1.0", "example.org/b/v2/inner": "v0.1.0"}
	texts := map[string]string{
		"example.org/a/LICENSE":                apache,
		"example.org/b/v2/pkg/x/LICENSE.txt":   mit,
		"example.org/b/v2/pkg/NOTICE":          "B holds C.\r\n",
		"example.org/b/v2/inner/deep/LICENSE":  apache,
		"example.org/notlinked/LICENSE":        "Another\n",
		"example.org/b/v2/pkg/y/LICENSE.again": mit,
	}
	sections, err := assign(linked, texts)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"This program holds software of others. Their copyright notices, licences and",
		"notices follow, each after the modules that it is of.",
		"", line + "example.org/a v1.0.0", "example.org/b/v2/inner v0.1.0", line,
		"Apache License", "Version 2.0",
		"", line + "example.org/b/v2 v2.1.0", line,
		"Copyright (c) 2014 A. Person", "Permission is hereby granted",
		"", "B holds C.", "",
	}, "\n")
	if diff := cmp.Diff(want, write(sections)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A module without a text must not go unnoticed, nor one that has the text of
// another whose path only begins alike.
func TestModuleWithoutText(t *testing.T) {
	t.Parallel()
	linked := map[string]string{"example.org/a": "v1.0.0", "example.org/ab": "v1.0.0", "example.org/c": "v1.0.0"}
	_, err := assign(linked, map[string]string{"example.org/ab/LICENSE": mit, "example.org/c/LICENSE": mit})
	if err == nil || !strings.Contains(err.Error(), "no licence was found of example.org/a;") {
		t.Errorf("error %v", err)
	}
}

// With a program as Go links it: the modules are those that it names.
func TestProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "bench-floor")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, "../bench/floor")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	linked, err := modules([]string{program})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(linked["google.golang.org/grpc"], "v1.") {
		t.Fatalf("modules %v", linked)
	}
	saved, output := filepath.Join(dir, "saved"), filepath.Join(dir, "THIRD_PARTY.txt")
	put := func(name, text string) {
		t.Helper()
		file := filepath.Join(saved, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("../go/LICENSE", "Of Go\n")
	put("../go/PATENTS", "Patents of Go\n")
	put("google.golang.org/grpc/license.go", "package grpc\n")
	args := []string{"--saved", saved, "--goroot", filepath.Join(dir, "go"), "--output", output, program}
	if err := run(args); err == nil || !strings.Contains(err.Error(), "google.golang.org/grpc") {
		t.Fatalf("without any text: error %v", err)
	}
	for m := range linked {
		put(m+"/LICENSE", "Of "+m+"\n")
	}
	if err := run(args); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	for m, version := range linked {
		if !strings.Contains(string(text), m+" "+version+"\n") || !strings.Contains(string(text), "\nOf "+m+"\n") {
			t.Errorf("%s is not in the text", m)
		}
	}
	if !strings.Contains(string(text), "\nOf Go\n\nPatents of Go\n") {
		t.Error("Go is not in the text")
	}
}
