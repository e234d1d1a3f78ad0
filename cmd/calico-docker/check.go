//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/claim"
	"github.com/calicoctl/calicoctl/internal/engine"
	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/felix"
	"github.com/calicoctl/calicoctl/internal/host"
	"github.com/calicoctl/calicoctl/internal/ipam"
	"github.com/calicoctl/calicoctl/internal/kv"
)

// requestLimit bounds the requests of a command to etcd, and those to Docker.
const requestLimit = 5 * time.Second

const (
	v3Resources        = "/calico/resources/v3/projectcalico.org/"
	clusterInformation = v3Resources + "clusterinformations/default"
	ipamPrefix         = "/calico/ipam/v2/"
)

func (p *program) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Say whether this host is ready for the driver",
		Long: `Looks at all that the driver needs, and says of each item that is missing what to
do. Nothing is changed. The exit code is 10 if an item is missing.`,
		Example: `  calico-docker check`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.check(cmd.Context()) },
	}
}

// A report prints one line for each item.
type report struct {
	out    io.Writer
	failed bool
}

func (r *report) ok(item, format string, args ...any) {
	fmt.Fprintf(r.out, "ok       %-12s %s\n", item, fmt.Sprintf(format, args...))
}

func (r *report) missing(item, format string, args ...any) {
	r.failed = true
	fmt.Fprintf(r.out, "MISSING  %-12s %s\n", item, fmt.Sprintf(format, args...))
}

func (r *report) note(item, format string, args ...any) {
	fmt.Fprintf(r.out, "note     %-12s %s\n", item, fmt.Sprintf(format, args...))
}

// check looks at every item, each as far as those before it allow.
func (p *program) check(ctx context.Context) error {
	cfg, err := p.etcdConfig(ctx)
	if err != nil {
		return err
	}
	node, err := p.nodeName()
	if err != nil {
		return err
	}
	r := &report{out: p.out}
	if conn := p.checkEtcd(ctx, r, cfg); conn != nil {
		defer conn.Close()
		p.checkStored(ctx, r, conn, node)
	}
	p.checkDocker(ctx, r)
	checkHost(r)
	if r.failed {
		return errNo
	}
	return nil
}

func (p *program) checkEtcd(ctx context.Context, r *report, cfg etcd.Config) *etcd.Conn {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	conn, err := etcd.Dial(ctx, cfg)
	if err != nil {
		r.missing("etcd", "%v", err)
		return nil
	}
	err = conn.Retry(ctx, func(ctx context.Context) error {
		_, err := conn.Client.Get(ctx, clusterInformation, clientv3.WithKeysOnly())
		return err
	})
	if err != nil {
		r.missing("etcd", "%v", err)
		_ = conn.Close()
		return nil
	}
	r.ok("etcd", "%s answers", strings.Join(conn.Endpoints(), ", "))
	return conn
}

// checkStored looks at what etcd holds.
func (p *program) checkStored(ctx context.Context, r *report, conn *etcd.Conn, node string) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	store := kv.New(conn.Client)
	checkRights(ctx, r, store)
	answer, err := store.Get(ctx, clientv3.OpGet(clusterInformation), clientv3.OpGet(felix.StatusKey(node)), clientv3.OpGet(claim.Key(node)))
	if err != nil {
		r.missing("etcd", "%v", conn.Explain(err, time.Now()))
		return
	}
	switch found := kv.Value(answer, 0); {
	case found == nil:
		r.missing("cluster", `there is no ClusterInformation, for which Felix waits; "calico-docker init" makes it`)
	case strings.Contains(strings.ReplaceAll(string(found.Value), " ", ""), `"datastoreReady":false`):
		r.missing("cluster", "the datastore is locked for migration (datastoreReady is false in %s)", clusterInformation)
	default:
		r.ok("cluster", "ClusterInformation says that the datastore is ready")
	}
	p.checkAddresses(ctx, r, store, node)
	var report []byte
	if found := kv.Value(answer, 1); found != nil {
		report = found.Value
	}
	boot, err := felix.BootTime()
	if err == nil {
		err = felix.Check(node, report, boot)
	}
	if err != nil {
		r.missing("Felix", "%v", err)
	} else {
		r.ok("Felix", "it reports from node %s", node)
	}
	if kv.Value(answer, 2) == nil {
		r.note("driver", "no calico-docker has the node name %s now", node)
	} else {
		r.ok("driver", "calico-docker has the node name %s", node)
	}
}

// checkRights looks whether the user may read and write what the driver does. A
// transaction that writes only if the impossible holds is checked all the same.
func checkRights(ctx context.Context, r *report, store *kv.Store) {
	var denied []string
	for _, prefix := range []string{v3Resources + "profiles/", v3Resources + "workloadendpoints/libnetwork/", ipamPrefix, claim.Key("")} {
		never := clientv3.Compare(clientv3.CreateRevision(prefix), "=", math.MaxInt64)
		_, err := store.Commit(ctx, []clientv3.Cmp{never}, []clientv3.Op{clientv3.OpPut(prefix+"calico-docker-check", "")}, nil)
		if kv.IsDenied(err) {
			denied = append(denied, "write "+prefix)
		}
	}
	for _, prefix := range []string{v3Resources + "ippools/", v3Resources + "ipreservations/", v3Resources + "nodes/", v3Resources + "workloadendpoints/", "/calico/felix/v2/"} {
		_, err := store.Get(ctx, clientv3.OpGet(prefix, clientv3.WithPrefix(), clientv3.WithLimit(1), clientv3.WithKeysOnly()))
		if kv.IsDenied(err) {
			denied = append(denied, "read "+prefix)
		}
	}
	if len(denied) > 0 {
		r.missing("rights", "etcd's user may not %s", strings.Join(denied, ", "))
		return
	}
	r.ok("rights", "etcd lets the driver read and write what it needs")
}

func (p *program) checkAddresses(ctx context.Context, r *report, store *kv.Store, node string) {
	plan, err := ipam.New(store, node).Plan(ctx)
	if err != nil {
		r.missing("pool", "%v", err)
		return
	}
	for _, version := range []int{4, 6} {
		pools, err := plan.Candidates(version, noSubnet())
		var names []string
		for _, pool := range pools {
			names = append(names, pool.Name+" ("+pool.CIDR.String()+")")
		}
		switch {
		case err == nil:
			r.ok("pool", "IPv%d addresses come from %s", version, strings.Join(names, ", "))
		case version == 4:
			r.missing("pool", "%v", err)
		default:
			r.note("pool", "%v", err)
		}
	}
	if plan.Node {
		r.ok("node", "there is a Node %s", node)
	} else {
		r.missing("node", `there is no Node %s, so that other hosts know no way to its containers; calico/node makes it with NODENAME=%s, or "calico-docker init"`, node, node)
	}
}

func (p *program) checkDocker(ctx context.Context, r *report) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	docker, err := engine.New(p.options.docker)
	if err != nil {
		r.missing("Docker", "%v", err)
		return
	}
	identity, err := docker.Identity(ctx)
	if err != nil {
		r.missing("Docker", "the engine at %s does not answer: %v", docker.Host(), err)
		return
	}
	r.ok("Docker", "engine %s answers at %s", identity.Version, docker.Host())
	networks, err := docker.Networks(ctx)
	if err != nil {
		r.missing("Docker", "it does not tell its networks: %v", err)
	}
	for _, n := range networks {
		if n.IsHalf() {
			r.missing("network", "%s (%.12s) has addresses from Calico but the driver %s, so that no policy applies to it; create it anew with --driver calico", n.Name, n.ID, n.Driver)
		}
	}
}

func checkHost(r *report) {
	if off := host.Forwarding(); len(off) > 0 {
		r.missing("forwarding", "no packet gets from one interface to another; set %s=1", strings.Join(off, "=1, "))
	} else {
		r.ok("forwarding", "it is on")
	}
	if err := host.CheckGateway(); err != nil {
		r.missing("route", "%v", err)
	} else {
		r.ok("route", "the kernel answers for the containers' gateway")
	}
}

// errNo ends a command whose answer is no.
var errNo = errors.New("no")
