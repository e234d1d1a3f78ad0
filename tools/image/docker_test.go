package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	dockerimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/google/uuid"
)

// engine returns a client of the Docker engine that the tests use.
func engine(ctx context.Context, t *testing.T) *client.Client {
	t.Helper()
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err == nil {
		_, err = docker.Ping(ctx)
	}
	if err != nil {
		if os.Getenv("CALICOCTL_TEST_DOCKER") == "1" {
			t.Fatal("no Docker engine answers, although CALICOCTL_TEST_DOCKER=1: ", err)
		}
		t.Skip("no Docker engine answers")
	}
	t.Cleanup(func() { _ = docker.Close() })
	return docker
}

// The image is loaded into a real engine, and runs there without network, without
// rights and without a file system to write to.
func TestImageRuns(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	docker := engine(ctx, t)
	dir := t.TempDir()
	program := filepath.Join(dir, "calicoctl")
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath",
		"-tags", "grpcnotrace", "-ldflags", "-s -w -X main.version=v9.8.7", "-o", program, "../../cmd/calicoctl")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	tag := "calicoctl-test:" + uuid.NewString()
	file := filepath.Join(dir, "image.tar")
	if err := run([]string{"--program", program, "--output", file, "--arch", runtime.GOARCH, "--tags", tag}, ""); err != nil {
		t.Fatal(err)
	}
	loadImage(ctx, t, docker, file, tag)
	code, output := runImage(ctx, t, docker, tag, "version")
	if code != 0 || !strings.HasPrefix(output, "calicoctl v9.8.7 (go") {
		t.Errorf("version: exit code %d\n%s", code, output)
	}
	code, output = runImage(ctx, t, docker, tag, "profile", "--help")
	if code != 0 || !strings.Contains(output, "RULE is:") {
		t.Errorf("profile --help: exit code %d\n%s", code, output)
	}
}

func loadImage(ctx context.Context, t *testing.T, docker *client.Client, name, tag string) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	answer, err := docker.ImageLoad(ctx, file)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	t.Cleanup(func() {
		if _, err := docker.ImageRemove(context.WithoutCancel(ctx), tag, dockerimage.RemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	})
	if said, err := io.ReadAll(answer.Body); err != nil || !bytes.Contains(said, []byte("Loaded image: "+tag)) {
		t.Fatalf("docker load: %s, error %v", said, err)
	}
}

// runImage returns the exit code of the image and all that it prints.
func runImage(ctx context.Context, t *testing.T, docker *client.Client, tag string, words ...string) (code int64, output string) {
	t.Helper()
	made, err := docker.ContainerCreate(ctx, &container.Config{Image: tag, Cmd: words},
		&container.HostConfig{NetworkMode: "none", ReadonlyRootfs: true, CapDrop: []string{"ALL"}}, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docker.ContainerRemove(context.WithoutCancel(ctx), made.ID, container.RemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	})
	ended, failed := docker.ContainerWait(ctx, made.ID, container.WaitConditionNextExit)
	if err := docker.ContainerStart(ctx, made.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-failed:
		t.Fatal(err)
	case status := <-ended:
		code = status.StatusCode
	}
	logs, err := docker.ContainerLogs(ctx, made.ID, container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, logs); err != nil {
		t.Fatal(err)
	}
	return code, out.String()
}
