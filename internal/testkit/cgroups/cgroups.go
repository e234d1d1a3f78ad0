//go:build linux

// Package cgroups gives a Docker engine a control group of its own, and removes it
// when the engine and its containers are gone: they leave theirs behind when they are
// killed.
package cgroups

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// root is where the kernel's hierarchies are.
const root = "/sys/fs/cgroup"

// NewName returns the name of a group that nobody else has.
func NewName() string { return "calicoctl-" + strings.ToLower(rand.Text()) }

// Flags are those of dockerd that put all containers into a group.
func Flags(name string) []string {
	return []string{"--cgroup-parent", "/" + name, "--exec-opt", "native.cgroupdriver=cgroupfs"}
}

// Remove removes a group with all that is below it, in each hierarchy. Processes that
// have just been killed hold it for a moment.
func Remove(name string) error {
	groups, err := filepath.Glob(filepath.Join(root, name))
	for _, pattern := range []string{filepath.Join(root, "*", name), filepath.Join(root, "*", "*", name)} {
		more, merr := filepath.Glob(pattern)
		groups, err = append(groups, more...), errors.Join(err, merr)
	}
	for _, group := range groups {
		err = errors.Join(err, removeTree(group))
	}
	return err
}

// removeTree removes the directories of a tree, the deepest first.
func removeTree(group string) error {
	var dirs []string
	err := filepath.WalkDir(group, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return nil // what is gone need not be removed
	})
	for i := len(dirs) - 1; i >= 0; i-- {
		err = errors.Join(err, remove(dirs[i]))
	}
	return err
}

func remove(dir string) error {
	var err error
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = syscall.Rmdir(dir); err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	return &os.PathError{Op: "rmdir", Path: dir, Err: err}
}
