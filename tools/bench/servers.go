//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// A server is an etcd in a process of its own, so that nothing that the
// benchmark does itself keeps it from answering.
type server struct {
	endpoint string
	cmd      *exec.Cmd
	stdin    io.Closer // the server ends when it is closed
}

// servers are what the commands read and change. Those of latency are the same
// etcds behind a proxy.
type servers struct {
	small, large, secure server
	farSmall, farSecure  *proxy
	certificates         certificates
}

// Numbers of profiles, and how far away the far etcd is.
const (
	fewProfiles  = 10
	manyProfiles = 10_000
	roundTrip    = 20 * time.Millisecond
)

func startServers(ctx context.Context, dir string) (s *servers, err error) {
	s = &servers{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if s.certificates, err = makeCertificates(dir); err != nil {
		return s, err
	}
	if s.small, err = startServer(ctx, filepath.Join(dir, "small")); err != nil {
		return s, err
	}
	if s.large, err = startServer(ctx, filepath.Join(dir, "large")); err != nil {
		return s, err
	}
	c := s.certificates
	if s.secure, err = startServer(ctx, filepath.Join(dir, "secure"), c.server, c.serverKey, c.authority); err != nil {
		return s, err
	}
	if s.farSmall, err = startProxy(s.small.endpoint, roundTrip); err != nil {
		return s, err
	}
	s.farSecure, err = startProxy(s.secure.endpoint, roundTrip)
	return s, err
}

// startServer runs this program once more, as serve.
func startServer(ctx context.Context, args ...string) (server, error) {
	self, err := os.Executable()
	if err != nil {
		return server{}, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"serve"}, args...)...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return server{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return server{}, err
	}
	if err := cmd.Start(); err != nil {
		return server{}, err
	}
	s := server{cmd: cmd, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return server{}, errors.Join(fmt.Errorf("etcd has not started: %w", err), s.stop())
	}
	s.endpoint = strings.TrimSpace(line)
	return s, nil
}

func (s server) stop() error {
	if s.cmd == nil {
		return nil
	}
	_ = s.stdin.Close()
	return s.cmd.Wait()
}

func (s *servers) stop() error {
	return errors.Join(s.farSmall.stop(), s.farSecure.stop(), s.small.stop(), s.large.stop(), s.secure.stop())
}

// serve is what startServer runs: an etcd with its data in a directory, and, if
// three more files are named, with TLS. It tells its address and ends with its
// standard input.
func serve(ctx context.Context, args []string) (err error) {
	embedetcd.Quiet()
	opts := embedetcd.Options{Dir: args[0]}
	if len(args) == 4 {
		opts.ClientTLS = &transport.TLSInfo{CertFile: args[1], KeyFile: args[2], TrustedCAFile: args[3], ClientCertAuth: true}
	}
	etcd, err := embedetcd.Start(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, etcd.Close()) }()
	fmt.Println(etcd.Endpoint())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
