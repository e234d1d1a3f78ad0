package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/docker/docker/client"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/calicoctl/calicoctl/internal/testkit/cgroups"
)

// startPatience is how long etcd, the driver and the engine may take to start.
const startPatience = time.Minute

// An island is what the demo starts in its namespaces.
type island struct {
	dir       string
	calicoctl string
	docker    *client.Client
}

// socket returns where the island's engine is.
func (i *island) socket() string { return "unix://" + filepath.Join(i.dir, "docker.sock") }

// setUpNamespaces gives the namespaces what a host has.
func setUpNamespaces() error {
	mounts := []struct{ what, where, kind string }{{"proc", "/proc", "proc"}, {"tmpfs", "/run", "tmpfs"}, {"tmpfs", configDir, "tmpfs"}}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts cannot be made private: %w", err)
	}
	for _, m := range mounts {
		if err := unix.Mount(m.what, m.where, m.kind, 0, ""); err != nil {
			return fmt.Errorf("%s cannot be mounted: %w", m.where, err)
		}
	}
	err := os.MkdirAll("/run/docker/plugins", 0o755)
	for _, file := range []string{"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"} {
		err = errors.Join(err, os.WriteFile("/proc/sys/"+file, []byte("1"), 0o644))
	}
	return errors.Join(err, setUpLinks())
}

// setUpLinks makes a way out that leads nowhere: without one the kernel would not
// answer for the containers' gateway.
func setUpLinks() error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = "eth0"
	err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: "nowhere"})
	for _, name := range []string{"lo", "nowhere", "eth0"} {
		if err != nil {
			return err
		}
		var link netlink.Link
		if link, err = netlink.LinkByName(name); err == nil {
			err = netlink.LinkSetUp(link)
		}
		if name == "eth0" && err == nil {
			var address *netlink.Addr
			if address, err = netlink.ParseAddr("192.0.2.11/24"); err == nil {
				err = netlink.AddrAdd(link, address)
			}
			if err == nil {
				err = netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: net.IPv4(192, 0, 2, 1)})
			}
		}
	}
	return err
}

// start starts a program that works in the background until the namespaces end.
func (i *island) start(environ []string, name string, args ...string) (log string, err error) {
	log = filepath.Join(i.dir, filepath.Base(name)+".log")
	out, err := os.Create(log)
	if err != nil {
		return "", err
	}
	defer out.Close()
	cmd := exec.Command(name, args...)
	cmd.Env = environ
	cmd.Stdout, cmd.Stderr = out, out
	return log, cmd.Start()
}

// startDriver starts Calico's driver for Docker, without Felix.
func (i *island) startDriver(ctx context.Context, environ []string) error {
	log, err := i.start(append(environ, "NODENAME=demo", "DOCKER_HOST="+i.socket()), driverBeside(i.calicoctl),
		"--allow-unenforced", "--state-dir", filepath.Join(i.dir, "state"), "--felix-dir", i.dir)
	if err != nil {
		return err
	}
	return await(ctx, "calico-docker", log, func() bool {
		_, err := os.Stat("/run/docker/plugins/calico.sock")
		return err == nil
	})
}

// startEngine starts a Docker engine.
func (i *island) startEngine(ctx context.Context) error {
	in := func(name string) string { return filepath.Join(i.dir, name) }
	flags := []string{
		"--data-root", in("data"), "--exec-root", in("exec"), "--pidfile", in("docker.pid"), "-H", i.socket(),
		"--storage-driver", "vfs", "--bridge", "none", "--iptables=false", "--ip-masq=false",
	}
	log, err := i.start(os.Environ(), "dockerd", append(flags, cgroups.Flags(os.Getenv(groupVariable))...)...)
	if err == nil {
		i.docker, err = client.NewClientWithOpts(client.WithHost(i.socket()), client.WithAPIVersionNegotiation())
	}
	if err != nil {
		return err
	}
	return await(ctx, "dockerd", log, func() bool {
		_, err := i.docker.Info(ctx)
		return err == nil
	})
}

// await waits until a program works.
func await(ctx context.Context, name, log string, works func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for !works() {
		select {
		case <-ctx.Done():
			text, _ := os.ReadFile(log) // it may have said nothing
			return fmt.Errorf("%s does not start: %w\n%s", name, ctx.Err(), text[max(0, len(text)-2000):])
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
