// Package dockertest runs containers for tests of a real Docker engine, of images
// that it makes itself, as no registry may be at hand.
package dockertest

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

// Run starts a container that does nothing, on a network, and returns its ID. The
// image gets the same name. remove removes both; it is never nil.
func Run(ctx context.Context, docker *client.Client, name, networkID string) (id string, remove func(context.Context) error, err error) {
	var made []func(context.Context) error
	remove = func(ctx context.Context) error {
		var all error
		for i := range made {
			all = errors.Join(all, made[len(made)-1-i](ctx))
		}
		return all
	}
	files, err := idleImage(ctx)
	if err != nil {
		return "", remove, err
	}
	imported, err := docker.ImageImport(ctx, image.ImportSource{Source: bytes.NewReader(files), SourceName: "-"}, name, image.ImportOptions{})
	if err != nil {
		return "", remove, err
	}
	defer imported.Close()
	if _, err := io.Copy(io.Discard, imported); err != nil { // it is done at the end of the answer
		return "", remove, err
	}
	made = append(made, func(ctx context.Context) error {
		_, err := docker.ImageRemove(ctx, name, image.RemoveOptions{})
		return err
	})
	c, err := docker.ContainerCreate(ctx, &container.Config{Image: name, Cmd: []string{"/idle"}},
		&container.HostConfig{NetworkMode: container.NetworkMode(networkID)}, &network.NetworkingConfig{}, nil, name)
	if err != nil {
		return "", remove, err
	}
	made = append(made, func(ctx context.Context) error {
		return docker.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true})
	})
	return c.ID, remove, docker.ContainerStart(ctx, c.ID, container.StartOptions{})
}

// idleImage returns the files of an image: one program that sleeps.
func idleImage(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "idle")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	source, program := filepath.Join(dir, "idle.go"), filepath.Join(dir, "idle")
	text := "package main\n\nimport \"time\"\n\nfunc main() { time.Sleep(time.Hour) }\n"
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		return nil, err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", program, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=")
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, said)
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	files := tar.NewWriter(&out)
	err = files.WriteHeader(&tar.Header{Name: "idle", Mode: 0o755, Size: int64(len(content))})
	if err == nil {
		_, err = files.Write(content)
	}
	return out.Bytes(), errors.Join(err, files.Close())
}
