package editor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/calicoctl/calicoctl/internal/textfile"
)

// A File is the file that an editor opens.
type File struct {
	Path string
	took time.Duration // the editor, the last time
}

// Create creates an empty file.
func Create() (*File, error) {
	file, err := os.CreateTemp("", "calicoctl-*.txt")
	if err != nil {
		return nil, err
	}
	return &File{Path: file.Name()}, file.Close()
}

// Remove removes the file.
func (f *File) Remove() error { return os.Remove(f.Path) }

// atOnce is less time than any person needs.
const atOnce = 2 * time.Second

// ReturnedAtOnce reports whether the editor returned before a person could edit. It may
// go on in the background.
func (f *File) ReturnedAtOnce() bool { return f.took < atOnce }

// Edit opens an editor on a text, after the lines of a reason, and returns what was
// saved, without the reason. With an error it returns what there is: the text itself if
// nothing was saved. The error is context.Canceled when a signal ended the editor.
func (f *File) Edit(e Editor, text, reason string) (string, error) {
	if err := f.replace(mark(reason) + text); err != nil {
		return text, err
	}
	opened := time.Now()
	failed := e.open(f.Path)
	f.took = time.Since(opened)
	saved, err := os.ReadFile(f.Path)
	if err == nil {
		utf8, wrong := textfile.UTF8(saved)
		if failed == nil && wrong != nil {
			return string(saved), fmt.Errorf("%w; nothing was changed", wrong)
		}
		text = unmark(string(utf8))
	}
	if failed == nil {
		failed = err
	}
	if failed != nil && !errors.Is(failed, context.Canceled) {
		return text, fmt.Errorf("the editor %q failed (%w); nothing was changed", e.Command, failed)
	}
	return text, failed
}

// Keep writes a text to the file if an editor has removed it. If something else has
// taken its place, such as a symbolic link, it writes to another file.
func (f *File) Keep(text string) error {
	if _, err := os.Stat(f.Path); err == nil {
		return nil
	}
	file, err := os.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		file, err = os.CreateTemp(filepath.Dir(f.Path), "calicoctl-*.txt")
	}
	if err != nil {
		return err
	}
	f.Path = file.Name()
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// replace replaces the content of the file as a whole: what the user has saved must not
// get lost when the disk is full.
func (f *File) replace(text string) error {
	file, err := os.CreateTemp(filepath.Dir(f.Path), "calicoctl-*.txt")
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), f.Path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// reasonMark begins the lines of a reason.
const reasonMark = "#! "

func mark(reason string) string {
	var out strings.Builder
	for line := range strings.Lines(reason) {
		out.WriteString(reasonMark + line)
	}
	return out.String()
}

func unmark(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, strings.TrimSpace(reasonMark)) {
			out.WriteString(line)
		}
	}
	return out.String()
}
