package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The copies compile, do what the modules do, and compile nothing before.
func TestCopies(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module example.com/x\n\ngo 1.26\n\nrequire (\n" +
			"\tgithub.com/distribution/reference v0.6.0\n\tgithub.com/opencontainers/go-digest v1.0.0\n)\n",
		"go.sum":  string(read(t, filepath.Join("..", "..", "go.sum"))),
		"main.go": program,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	if err := write("lazy", []string{"github.com/distribution/reference", "github.com/opencontainers/go-digest"}); err != nil {
		t.Fatal(err)
	}
	plain, changed := output(t, "run", "."), output(t, "run", "-modfile", "lazy/go.mod", ".")
	if plain != changed || len(plain) == 0 {
		t.Errorf("the copies print\n%s\nthe modules\n%s", changed, plain)
	}
	for _, file := range []string{"lazy/reference/regexp.go", "lazy/go-digest/digest.go", "lazy/go-digest/algorithm.go"} {
		if text := string(read(t, file)); delay(text) != text {
			t.Errorf("%s still compiles at once", file)
		}
	}
}

// A module that has nothing to be changed is no longer worth the trouble.
func TestNothingToChange(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	if err := copyModule("github.com/google/uuid", t.TempDir()); err == nil {
		t.Error("no error")
	}
}

const program = `package main

import (
	_ "crypto/sha256"
	"fmt"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

func main() {
	for _, text := range []string{"alpine", "example.com:5000/a/b:tag", "a@" + digest.FromString("x").String(), "A B", ":", "a:" + "-"} {
		named, err := reference.ParseNormalizedNamed(text)
		fmt.Println(named, err)
	}
	fmt.Println(digest.Parse("sha256:abc"))
	fmt.Println(digest.Parse("nothing"))
}
`

func output(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false")
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, said)
	}
	return string(said)
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
