//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// The names of the sockets are those of the drivers.
const (
	mainSocket = "calico.sock"
	ipamSocket = "calico-ipam.sock" // the second name of the IPAM driver
)

// listen returns the listeners by the names of their sockets: those that systemd
// has passed, and otherwise new ones.
func listen(dir string, getenv func(string) string) (map[string]net.Listener, error) {
	listeners := map[string]net.Listener{}
	if err := passed(listeners, getenv); err != nil {
		return nil, err
	}
	for _, name := range []string{mainSocket, ipamSocket} {
		if listeners[name] != nil {
			continue
		}
		l, err := listenAt(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		listeners[name] = l
	}
	return listeners, nil
}

// passed takes the sockets that systemd has opened (sd_listen_fds).
func passed(listeners map[string]net.Listener, getenv func(string) string) error {
	count, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil
	}
	const first = 3
	for fd := first; fd < first+count; fd++ {
		file := os.NewFile(uintptr(fd), "socket")
		l, err := net.FileListener(file)
		if err = errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("the socket that systemd has passed cannot be used: %w", err)
		}
		listeners[filepath.Base(l.Addr().String())] = l
	}
	return nil
}

// listenAt makes a socket for root alone. One that a killed driver has left is
// replaced; one that answers is not.
func listenAt(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("another process serves %s; stop it first", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var config net.ListenConfig
	old := syscall.Umask(0o177)
	l, err := config.Listen(context.Background(), "unix", path)
	syscall.Umask(old)
	return l, err
}

// notify tells systemd how the service is.
func notify(getenv func(string) string, state string) error {
	name := getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return err
	}
	_, err = conn.Write([]byte(state))
	return errors.Join(err, conn.Close())
}

// lock makes sure that one process at a time has a directory. The lock ends with
// the file, or the process.
func lock(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("another calico-docker uses the directory %s; stop it first", dir)
	}
	return file, nil
}
