package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// The image of the containers holds this program alone.
const (
	imageName = "demo"
	port      = "3306"
)

// contain is the program in a container: "serve" answers, "ask ADDRESS" asks.
func contain(args []string) int {
	if args[0] == "serve" {
		listener, err := net.Listen("tcp", ":"+port)
		for err == nil {
			var conn net.Conn
			if conn, err = listener.Accept(); err == nil {
				_ = conn.Close()
			}
		}
		return exitFailed
	}
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(args[len(args)-1], port), 3*time.Second)
	if err != nil {
		return exitFailed
	}
	_ = conn.Close()
	return exitDone
}

// runInside runs the story in the namespaces, in a directory of its own.
func runInside(ctx context.Context, calicoctl, dir string, stdout, stderr io.Writer) (code int, err error) {
	if err := setUpNamespaces(); err != nil {
		return exitFailed, err
	}
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		return exitFailed, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	i := &island{dir: dir, calicoctl: calicoctl}
	d := &demo{
		calicoctl: calicoctl, endpoint: server.Endpoint(), stdout: stdout, stderr: stderr,
		environ: append(os.Environ(), "DOCKER_HOST="+i.socket(), "NODENAME=demo"),
		names:   names{databases: "databases", applications: "applications"},
	}
	if err := errors.Join(i.startDriver(ctx, childEnv(d.environ, d.endpoint, false)), i.startEngine(ctx)); err != nil {
		return exitFailed, err
	}
	fmt.Fprint(stdout, "# On a Docker engine of its own in namespaces of its own, with Calico's driver. Felix is not here,\n"+
		"# which would enforce the rules: the driver runs with --allow-unenforced.\n")
	return d.tell(ctx, i)
}

// tell runs the story.
func (d *demo) tell(ctx context.Context, i *island) (int, error) {
	if code, err := d.init(ctx, i); code != exitDone || err != nil {
		return code, err
	}
	if err := i.load(ctx); err != nil {
		return exitFailed, err
	}
	show := "profile databases rule show"
	for _, step := range []func() (int, error){
		func() (int, error) { return d.network(ctx, i, "databases") },
		func() (int, error) { return d.command(ctx, strings.Fields(show), false) },
		func() (int, error) { return d.network(ctx, i, "applications") },
		func() (int, error) {
			return d.command(ctx, strings.Fields("profile databases rule add inbound allow tcp from tag applications to ports "+port), false)
		},
		func() (int, error) { return d.command(ctx, strings.Fields(show), false) },
		func() (int, error) { return d.container(ctx, i, "databases", "db", "serve") },
		func() (int, error) { return d.container(ctx, i, "applications", "app", "serve") },
		func() (int, error) { return d.ask(ctx, i) },
		func() (int, error) {
			return d.command(ctx, strings.Fields("profile databases rule test inbound tcp from container app to container db ports "+port), false)
		},
		func() (int, error) { return d.command(ctx, []string{"profile", "show"}, false) },
	} {
		if ctx.Err() != nil {
			return exitInterrupted, nil
		}
		if code, err := step(); code != exitDone || err != nil {
			return code, err
		}
	}
	fmt.Fprint(d.stdout, "# Not shown, because Felix is not here: that only such packets get through. docs/docker.md does.\n")
	return exitDone, nil
}

// init makes a pool.
func (d *demo) init(ctx context.Context, i *island) (int, error) {
	fmt.Fprintln(d.stdout, "$ calico-docker init --pool 10.233.64.0/18 --yes")
	cmd := exec.CommandContext(ctx, driverBeside(i.calicoctl), "init", "--pool", "10.233.64.0/18", "--yes")
	cmd.Env, cmd.Stdout, cmd.Stderr = childEnv(d.environ, d.endpoint, false), d.stdout, d.stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitCode(exit), nil
	}
	return exitDone, err
}

// network makes a network.
func (d *demo) network(ctx context.Context, i *island, name string) (int, error) {
	fmt.Fprintf(d.stdout, "$ docker network create --driver calico --ipam-driver calico %s\n", name)
	answer, err := i.docker.NetworkCreate(ctx, name, network.CreateOptions{Driver: "calico", IPAM: &network.IPAM{Driver: "calico"}})
	if err != nil {
		return exitFailed, err
	}
	fmt.Fprintln(d.stdout, answer.ID)
	return exitDone, nil
}

// container starts a container.
func (d *demo) container(ctx context.Context, i *island, networkName, name string, args ...string) (int, error) {
	fmt.Fprintf(d.stdout, "$ docker run -d --network %s --name %s %s %s\n", networkName, name, imageName, strings.Join(args, " "))
	id, err := i.run(ctx, networkName, name, args...)
	if err != nil {
		return exitFailed, err
	}
	fmt.Fprintln(d.stdout, id)
	return exitDone, nil
}

// ask lets a container of one network ask one of the other.
func (d *demo) ask(ctx context.Context, i *island) (int, error) {
	info, err := i.docker.ContainerInspect(ctx, "db")
	if err != nil {
		return exitFailed, err
	}
	address := info.NetworkSettings.Networks["databases"].IPAddress
	fmt.Fprintf(d.stdout, "$ docker run --rm --network applications %s ask %s && echo answered\n", imageName, address)
	id, err := i.run(ctx, "applications", "", "ask", address)
	if err != nil {
		return exitFailed, err
	}
	answers, failures := i.docker.ContainerWait(ctx, id, container.WaitConditionNotRunning)
	select {
	case answer := <-answers:
		if answer.StatusCode != 0 {
			return exitFailed, errors.New("the container was not answered")
		}
		fmt.Fprintln(d.stdout, "answered")
		return exitDone, i.docker.ContainerRemove(ctx, id, container.RemoveOptions{})
	case err := <-failures:
		return exitFailed, err
	}
}

func (i *island) run(ctx context.Context, networkName, name string, args ...string) (string, error) {
	made, err := i.docker.ContainerCreate(ctx, &container.Config{Image: imageName, Cmd: append([]string{"/demo"}, args...), Env: []string{inside + "=container"}},
		&container.HostConfig{NetworkMode: container.NetworkMode(networkName)}, nil, nil, name)
	if err != nil {
		return "", err
	}
	return made.ID, i.docker.ContainerStart(ctx, made.ID, container.StartOptions{})
}

// load gives the engine an image that holds this program, which needs no libraries.
func (i *island) load(ctx context.Context) error {
	content, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	var files bytes.Buffer
	archive := tar.NewWriter(&files)
	err = archive.WriteHeader(&tar.Header{Name: "demo", Mode: 0o755, Size: int64(len(content))})
	if err == nil {
		_, err = archive.Write(content)
	}
	if err = errors.Join(err, archive.Close()); err != nil {
		return err
	}
	answer, err := i.docker.ImageImport(ctx, image.ImportSource{Source: &files, SourceName: "-"}, imageName, image.ImportOptions{})
	if err != nil {
		return err
	}
	defer answer.Close()
	_, err = io.Copy(io.Discard, answer) // it is done at the end of the answer
	return err
}
