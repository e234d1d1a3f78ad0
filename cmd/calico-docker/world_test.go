//go:build linux

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/pkg/stdcopy"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/felix"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/enginetest"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

const v3 = "/calico/resources/v3/projectcalico.org/"

func TestMain(m *testing.M) { os.Exit(enginetest.Run(m)) }

// programs builds what the hosts run, once.
var programs = sync.OnceValues(func() (map[string]string, error) {
	built := map[string]string{}
	for _, pkg := range []string{"cmd/calico-docker", "cmd/calicoctl", "internal/testkit/enginetest/probe"} {
		program, err := enginetest.Build("github.com/calicoctl/calicoctl/" + pkg)
		if err != nil {
			return nil, err
		}
		built[filepath.Base(pkg)] = program
	}
	return built, nil
})

// A world is an etcd that hosts can reach.
type world struct {
	*testing.T
	ctx     context.Context
	between *etcdtest.Interposer // between the drivers and etcd
	etcd    *clientv3.Client
	url     string // of etcd, for the hosts
}

func newWorld(t *testing.T) *world {
	t.Helper()
	enginetest.Require(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w := &world{T: t, ctx: ctx, between: &etcdtest.Interposer{}}
	if err := w.between.Start(server.Endpoint()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.between.Close() })
	w.url = "http://" + enginetest.Forward(t, strings.TrimPrefix(w.between.Endpoint(), "http://"))
	w.etcd, err = clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.etcd.Close() })
	return w
}

func (w *world) put(key, value string, options ...clientv3.OpOption) {
	w.Helper()
	if _, err := w.etcd.Put(w.ctx, key, value, options...); err != nil {
		w.Fatal(err)
	}
}

func (w *world) get(key string) string {
	w.Helper()
	answer, err := w.etcd.Get(w.ctx, key)
	if err != nil {
		w.Fatal(err)
	}
	if len(answer.Kvs) == 0 {
		return ""
	}
	return string(answer.Kvs[0].Value)
}

// keys returns the keys that begin with a prefix, without it.
func (w *world) keys(prefix string) []string {
	w.Helper()
	answer, err := w.etcd.Get(w.ctx, prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		w.Fatal(err)
	}
	var all []string
	for _, kv := range answer.Kvs {
		all = append(all, strings.TrimPrefix(string(kv.Key), prefix))
	}
	return all
}

func (w *world) pool(name, cidr, more string) {
	w.Helper()
	w.put(v3+"ippools/"+name, fmt.Sprintf(`{"kind":"IPPool","apiVersion":"projectcalico.org/v3","metadata":{"name":%q},"spec":{"cidr":%q%s}}`, name, cidr, more))
}

// felixReports writes what Felix reports in etcd.
func (w *world) felixReports(node string, at time.Time) {
	w.Helper()
	w.put(felix.StatusKey(node), fmt.Sprintf(`{"time":%q,"uptime":1,"first_update":true}`, at.UTC().Format(time.RFC3339)))
}

// A machine is a host with an engine and the driver.
type machine struct {
	*enginetest.Host
	w           *world
	driver      *enginetest.Process
	environment []string // of our programs, beside the usual
}

// newHost starts a host on which Felix seems to work, with engine and driver.
func (w *world) newHost(name string, flags ...string) *machine {
	w.Helper()
	h := w.bareHost(name)
	w.felixReports(name, time.Now())
	h.doubleFelix()
	h.startDriver(flags...)
	h.startEngine()
	return h
}

// bareHost makes a host without engine and driver.
func (w *world) bareHost(name string) *machine {
	w.Helper()
	return &machine{Host: enginetest.NewHost(w, name), w: w}
}

func (h *machine) startEngine(args ...string) {
	h.w.Helper()
	h.StartEngine(h.w.ctx, args...)
	built, err := programs()
	if err != nil {
		h.w.Fatal(err)
	}
	h.LoadImage(h.w.ctx, built["probe"])
}

// command returns a command on the host, of this module's programs or another.
func (h *machine) command(name string, args ...string) *exec.Cmd {
	h.w.Helper()
	built, err := programs()
	if err != nil {
		h.w.Fatal(err)
	}
	cmd := h.Command(cmp.Or(built[name], name), args...)
	cmd.Env = append(os.Environ(), "ETCD_ENDPOINTS="+h.w.url, "NODENAME="+h.Name, "DOCKER_HOST="+h.Socket())
	cmd.Env = append(cmd.Env, h.environment...)
	return cmd
}

// driverFlags are those that keep the driver in the host's directory.
func (h *machine) driverFlags(more ...string) []string {
	return append([]string{
		"--state-dir", h.Dir + "/state", "--felix-dir", h.Dir, "--collect-interval", "3s",
	}, more...)
}

// startDriver starts the driver and waits until it serves.
func (h *machine) startDriver(flags ...string) {
	h.w.Helper()
	h.driver = h.Start(h.command("calico-docker", h.driverFlags(flags...)...))
	h.waitFor("the driver to serve", func() bool { return strings.Contains(h.driver.Log(), "msg=serving") })
}

// waitFor waits until something holds.
func (h *machine) waitFor(what string, holds func() bool) {
	h.w.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.w.Fatalf("waited in vain for %s", what)
		}
		select {
		case <-h.w.ctx.Done():
			h.w.Fatalf("no time left while waiting for %s", what)
		default:
		}
	}
}

// doubleFelix writes the file with which Felix says that it has done an endpoint,
// for each endpoint in etcd.
func (h *machine) doubleFelix() {
	h.w.Helper()
	dir := filepath.Join(h.Dir, "endpoint-status")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		h.w.Fatal(err)
	}
	prefix := v3 + "workloadendpoints/libnetwork/"
	ctx, cancel := context.WithCancel(h.w.ctx)
	h.w.Cleanup(cancel)
	go func() {
		for answer := range h.w.etcd.Watch(ctx, prefix, clientv3.WithPrefix()) {
			for _, event := range answer.Events {
				id := string(event.Kv.Key[bytes.LastIndexByte(event.Kv.Key, '-')+1:])
				if event.Type == clientv3.EventTypeDelete {
					_ = os.Remove(felix.StatusFile(h.Dir, id))
				} else {
					_ = os.WriteFile(felix.StatusFile(h.Dir, id), []byte("{}"), 0o600)
				}
			}
		}
	}()
}

// network makes a network with both drivers of Calico.
func (h *machine) network(name string, edit func(*network.CreateOptions)) (string, error) {
	options := network.CreateOptions{Driver: "calico", IPAM: &network.IPAM{Driver: "calico"}}
	if edit != nil {
		edit(&options)
	}
	answer, err := h.Docker.NetworkCreate(h.w.ctx, name, options)
	return answer.ID, err
}

func (h *machine) mustNetwork(name string, edit func(*network.CreateOptions)) string {
	h.w.Helper()
	id, err := h.network(name, edit)
	if err != nil {
		h.w.Fatal(err)
	}
	return id
}

// run starts a container of the probe.
func (h *machine) run(name, networkName string, edit func(*container.Config, *container.HostConfig, *network.EndpointSettings), args ...string) (string, error) {
	config := &container.Config{Image: enginetest.Image, Cmd: append([]string{"/probe"}, args...)}
	hostConfig := &container.HostConfig{NetworkMode: container.NetworkMode(networkName)}
	settings := &network.EndpointSettings{}
	if edit != nil {
		edit(config, hostConfig, settings)
	}
	made, err := h.Docker.ContainerCreate(h.w.ctx, config, hostConfig,
		&network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{networkName: settings}}, nil, name)
	if err != nil {
		return "", err
	}
	return made.ID, h.Docker.ContainerStart(h.w.ctx, made.ID, container.StartOptions{})
}

func (h *machine) mustRun(name, networkName string, args ...string) string {
	h.w.Helper()
	id, err := h.run(name, networkName, nil, args...)
	if err != nil {
		h.w.Fatal(err)
	}
	return id
}

// address returns a container's first address in a network.
func (h *machine) address(id string) string {
	h.w.Helper()
	info, err := h.Docker.ContainerInspect(h.w.ctx, id)
	if err != nil {
		h.w.Fatal(err)
	}
	for _, n := range info.NetworkSettings.Networks {
		if n.IPAddress != "" {
			return n.IPAddress
		}
		return n.GlobalIPv6Address
	}
	return ""
}

// try runs a container to its end and reports whether it ended well.
func (h *machine) try(networkName string, args ...string) (bool, string) {
	h.w.Helper()
	id := h.mustRun("", networkName, args...)
	defer h.remove(id)
	return h.ended(id)
}

// ended waits for the end of a container and reports whether it ended well.
func (h *machine) ended(id string) (bool, string) {
	h.w.Helper()
	answers, failures := h.Docker.ContainerWait(h.w.ctx, id, container.WaitConditionNotRunning)
	select {
	case answer := <-answers:
		logs, err := h.Docker.ContainerLogs(h.w.ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true})
		if err != nil {
			h.w.Fatal(err)
		}
		defer logs.Close()
		var out bytes.Buffer
		_, _ = stdcopy.StdCopy(&out, &out, logs)
		return answer.StatusCode == 0, out.String()
	case err := <-failures:
		h.w.Fatal(err)
	}
	return false, ""
}

func (h *machine) remove(id string) {
	h.w.Helper()
	if err := h.Docker.ContainerRemove(h.w.ctx, id, container.RemoveOptions{Force: true}); err != nil {
		h.w.Error(err)
	}
}

// calicoctl runs calicoctl on the host.
func (h *machine) calicoctl(args ...string) string {
	h.w.Helper()
	out, err := h.command("calicoctl", args...).CombinedOutput()
	if err != nil {
		h.w.Fatalf("calicoctl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// kill ends the driver at once.
func (h *machine) kill() {
	h.w.Helper()
	var exit *exec.ExitError
	if err := h.driver.Stop(syscall.SIGKILL); !errors.As(err, &exit) {
		h.w.Fatalf("the driver ended by itself: %v", err)
	}
}

// endpoints returns the documents of all endpoints in etcd, by name.
func (w *world) endpoints() map[string]map[string]any {
	w.Helper()
	all := map[string]map[string]any{}
	for _, name := range w.keys(v3 + "workloadendpoints/libnetwork/") {
		var document map[string]any
		if err := json.Unmarshal([]byte(w.get(v3+"workloadendpoints/libnetwork/"+name)), &document); err != nil {
			w.Fatal(err)
		}
		all[name] = document
	}
	return all
}
