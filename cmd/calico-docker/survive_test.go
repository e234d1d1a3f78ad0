//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/calicoctl/calicoctl/internal/ipam"
	"github.com/calicoctl/calicoctl/internal/kv"
)

// exec runs the probe in a container that runs.
func (h *machine) exec(id string, args ...string) (bool, string) {
	h.w.Helper()
	made, err := h.Docker.ContainerExecCreate(h.w.ctx, id, container.ExecOptions{
		Cmd: append([]string{"/probe"}, args...), AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		h.w.Fatal(err)
	}
	stream, err := h.Docker.ContainerExecAttach(h.w.ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		h.w.Fatal(err)
	}
	defer stream.Close()
	var out bytes.Buffer
	_, _ = stdcopy.StdCopy(&out, &out, stream.Reader)
	info, err := h.Docker.ContainerExecInspect(h.w.ctx, made.ID)
	if err != nil {
		h.w.Fatal(err)
	}
	return info.ExitCode == 0, out.String()
}

// crash ends everything that runs on the machine, as a power failure does.
func (h *machine) crash() {
	h.w.Helper()
	h.StopEngine(syscall.SIGKILL)
	h.kill()
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		h.w.Fatal(err)
	}
	for _, path := range processes {
		text, _ := os.ReadFile(path) // it may have ended
		pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
		if pid > 1 && (bytes.Contains(text, []byte(h.Dir)) || bytes.HasPrefix(text, []byte("/probe"))) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	for _, name := range []string{"docker.pid", "exec/containerd", "exec/runtime-runc"} { // what a reboot takes from /run
		_ = os.RemoveAll(filepath.Join(h.Dir, name))
	}
	out, err := h.Command("sh", "-c", `for d in $(ls /sys/class/net 2>/dev/null) $(ip -o link | sed -n 's/.*\(cali[0-9a-f]*\)@.*/\1/p'); do case $d in cali*) ip link del $d;; esac; done; true`).CombinedOutput()
	if err != nil {
		h.w.Fatalf("%v: %s", err, out)
	}
}

// TestAfterReboot lets a machine fail and start again with containers that are
// always restarted. All of them return, but no packet passes before Felix reports
// in this boot.
func TestAfterReboot(t *testing.T) {
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.newHost("h1")
	h.mustNetwork("databases", nil)
	always := func(_ *container.Config, o *container.HostConfig, _ *network.EndpointSettings) {
		o.RestartPolicy = container.RestartPolicy{Name: container.RestartPolicyAlways}
	}
	server, err := h.run("server", "databases", always, "serve", "80")
	if err != nil {
		t.Fatal(err)
	}
	client, err := h.run("client", "databases", always, "idle")
	if err != nil {
		t.Fatal(err)
	}
	if ok, said := h.exec(client, "datagram", h.address(server)+":80", "3s"); !ok {
		t.Fatal(said)
	}
	h.crash()
	w.felixReports("h1", time.Now().Add(-1000*time.Hour)) // the key outlives a fast reboot
	h.startDriver()
	h.LaunchEngine()
	h.AwaitEngine(w.ctx)
	for _, id := range []string{server, client} {
		h.waitFor("the containers to return", func() bool {
			info, err := h.Docker.ContainerInspect(w.ctx, id)
			return err == nil && info.State.Running
		})
	}
	if ok, _ := h.exec(client, "datagram", h.address(server)+":80", "500ms"); ok {
		t.Error("a packet has passed before Felix reports")
	}
	if got := strings.Count(h.driver.Log(), `held="no packet passes until Felix reports"`); got != 2 {
		t.Errorf("%d links are held", got)
	}
	// With Docker there to retry, a container is refused.
	if _, err := h.run("new", "databases", nil, "idle"); err == nil || !strings.Contains(err.Error(), "is older than the start of this host") {
		t.Errorf("got %v", err)
	}
	// What is held survives the driver.
	h.kill()
	h.startDriver()
	if ok, _ := h.exec(client, "datagram", h.address(server)+":80", "500ms"); ok {
		t.Error("a packet has passed before Felix reports")
	}
	w.felixReports("h1", time.Now())
	h.waitFor("the links to open", func() bool {
		ok, _ := h.exec(client, "datagram", h.address(server)+":80", "500ms")
		return ok
	})
	h.waitUntilExact()
}

// waitUntilExact waits until etcd and the machine hold exactly what Docker has.
func (h *machine) waitUntilExact() {
	h.w.Helper()
	why := ""
	for deadline := time.Now().Add(45 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if why = h.inexact(); why == "" {
			return
		}
	}
	h.w.Errorf("not collected: %s", why)
}

// inexact returns what is in etcd or on the machine and not in Docker, or the other
// way round.
func (h *machine) inexact() string {
	h.w.Helper()
	list, err := h.Docker.ContainerList(h.w.ctx, container.ListOptions{})
	if err != nil {
		h.w.Fatal(err)
	}
	var endpoints, addresses, devices []string
	for _, c := range list {
		for _, n := range c.NetworkSettings.Networks {
			endpoints = append(endpoints, h.Name+"-libnetwork-libnetwork-"+n.EndpointID)
			addresses = append(addresses, n.IPAddress)
			devices = append(devices, "cali"+n.EndpointID[:11])
		}
	}
	networks, err := h.Docker.NetworkList(h.w.ctx, network.ListOptions{})
	if err != nil {
		h.w.Fatal(err)
	}
	var profiles []string
	for _, n := range networks {
		if n.Driver == "calico" {
			profiles = append(profiles, n.ID)
		}
	}
	out, err := h.Command("ip", "-o", "link").Output()
	if err != nil {
		h.w.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(strings.TrimSpace(strings.SplitN(line, ":", 3)[1]), "@")
		if strings.HasPrefix(name, "cali") || strings.HasPrefix(name, "temp") {
			found = append(found, name)
		}
	}
	for _, pair := range []struct {
		what      string
		want, got []string
	}{
		{"endpoints", endpoints, h.w.keys(v3 + "workloadendpoints/libnetwork/")},
		{"addresses", addresses, h.w.assigned()},
		{"devices", devices, found},
		{"profiles", profiles, h.w.keys(v3 + "profiles/")},
	} {
		slices.Sort(pair.want)
		slices.Sort(pair.got)
		if !slices.Equal(pair.want, pair.got) {
			return fmt.Sprintf("%s: Docker has %v, there are %v", pair.what, pair.want, pair.got)
		}
	}
	return ""
}

// assigned returns the addresses that blocks record, all of which have to be valid,
// and checks that handles count them right.
func (w *world) assigned() []string {
	w.Helper()
	var all []string
	blocks := "/calico/ipam/v2/assignment/"
	counted := map[string]int{}
	for _, key := range w.keys(blocks) {
		document := w.get(blocks + key)
		if document == "" { // removed since
			continue
		}
		b, err := ipam.DecodeBlock([]byte(document))
		if err != nil {
			w.Fatalf("%s: %v", key, err)
		}
		for _, a := range b.Assigned() {
			if slices.Contains(all, a.Addr.String()) {
				w.Fatalf("%s is assigned twice", a.Addr)
			}
			all = append(all, a.Addr.String())
			counted[a.Handle+" "+b.CIDR.String()]++
		}
	}
	handles := map[string]int{}
	for _, key := range w.keys("/calico/ipam/v2/handle/") {
		var h struct{ Block map[string]int }
		document := w.get("/calico/ipam/v2/handle/" + key)
		if document == "" { // removed since
			continue
		}
		if err := json.Unmarshal([]byte(document), &h); err != nil {
			w.Fatal(err)
		}
		for block, n := range h.Block {
			handles[key+" "+block] = n
		}
	}
	if fmt.Sprint(counted) != fmt.Sprint(handles) {
		w.Logf("handles count %v, blocks hold %v", handles, counted) // they are read one after the other
	}
	return all
}

// TestCollector leaves things behind in every way, and looks that exactly they are
// collected.
func TestCollector(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.newHost("h1")
	h.mustNetwork("stays", nil)
	stays := h.mustRun("stays", "stays", "serve", "80")
	gone := h.mustNetwork("gone", nil)
	a := ipam.New(kv.New(w.etcd), "h1")

	// Of the engine, without a container.
	left, err := a.Assign(w.ctx, ipam.Request{Version: 4})
	if err != nil {
		t.Fatal(err)
	}
	var stored string
	for name := range w.endpoints() {
		stored = w.get(v3 + "workloadendpoints/libnetwork/" + name)
	}
	id := strings.Repeat("ab", 32)
	w.put(v3+"workloadendpoints/libnetwork/h1-libnetwork-libnetwork-"+id, endpointWith(t, stored, id, left.Addr.String(), ""))

	// Of another engine on the same node.
	other, err := a.Assign(w.ctx, ipam.Request{Version: 4, Owner: map[string]string{ipam.OwnerEngine: "OTHER"}})
	if err != nil {
		t.Fatal(err)
	}
	otherID := strings.Repeat("cd", 32)
	otherKey := v3 + "workloadendpoints/libnetwork/h1-libnetwork-libnetwork-" + otherID
	w.put(otherKey, endpointWith(t, stored, otherID, "10.233.127.1", "OTHER"))

	// A device of a container that is gone, and a network that was removed while the
	// driver was down.
	device := h.leaveDevice(id)
	h.kill()
	removed := make(chan error, 1)
	go func() { removed <- h.Docker.NetworkRemove(w.ctx, gone) }()
	time.Sleep(500 * time.Millisecond) // Docker tries for a while
	h.startDriver()
	<-removed
	h.waitFor("the rest to be collected", func() bool {
		return len(w.keys(v3+"workloadendpoints/libnetwork/")) == 2 && len(w.keys(v3+"profiles/")) == 1 && len(w.assigned()) == 2
	})
	if w.get(otherKey) == "" || !slices.Contains(w.assigned(), other.Addr.String()) {
		t.Error("what belongs to another engine was collected")
	}
	if ok, said := h.try("stays", "datagram", h.address(stays)+":80", "3s"); !ok {
		t.Error(said)
	}
	if out, err := h.Command("ip", "link", "show", device).CombinedOutput(); err == nil {
		t.Errorf("the device is left: %s", out)
	}
}

// leaveDevice makes the device of an endpoint and returns its name.
func (h *machine) leaveDevice(id string) string {
	h.w.Helper()
	device := "temp" + id[:11]
	for _, args := range [][]string{
		{"link", "add", device, "type", "veth", "peer", "name", "moved"},
		{"link", "set", device, "alias", "calico-docker endpoint=" + id + " sandbox=x"},
	} {
		if out, err := h.Command("ip", args...).CombinedOutput(); err != nil {
			h.w.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	return device
}

// endpointWith returns a stored endpoint with another ID, address and engine.
func endpointWith(t *testing.T, stored, id, address, engine string) string {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal([]byte(stored), &d); err != nil {
		t.Fatal(err)
	}
	spec := d["spec"].(map[string]any)
	spec["endpoint"], spec["ipNetworks"], spec["interfaceName"] = id, []string{address + "/32"}, "cali"+id[:11]
	if engine != "" {
		d["metadata"].(map[string]any)["annotations"].(map[string]any)["docker/engine"] = engine
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
