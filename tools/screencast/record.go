package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/calicoctl/calicoctl/internal/testkit/console"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// record runs the commands of steps in a shell, in order and on an etcd that has
// no profiles at first, and returns them with what each printed. Docker is not asked,
// as the names of its networks would be those of this machine.
func record(ctx context.Context, programs string, steps []console.Step) (recorded []console.Step, err error) {
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if err := server.AddCalico(ctx); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "screencast")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if programs, err = filepath.Abs(programs); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(programs, "calicoctl")); err != nil {
		return nil, err
	}
	environment := []string{
		"PATH=" + programs + string(os.PathListSeparator) + os.Getenv("PATH"),
		"ETCD_ENDPOINTS=" + server.Endpoint(), "DATASTORE_TYPE=etcdv3", "CALICOCTL_LITERAL=1",
	}
	for _, s := range steps {
		hidden, isHidden := s.Hidden()
		if isHidden {
			s.Command = hidden
		}
		shell := exec.CommandContext(ctx, "sh", "-c", s.Command)
		shell.Env, shell.Dir = environment, dir
		printed, err := shell.CombinedOutput()
		var exit *exec.ExitError // which some commands are meant to have
		if err != nil && !errors.As(err, &exit) {
			return nil, fmt.Errorf("%s: %w", s.Command, err)
		}
		if !isHidden {
			recorded = append(recorded, console.Step{Command: s.Command, Output: string(printed)})
		}
	}
	return recorded, ctx.Err()
}
