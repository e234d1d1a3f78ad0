//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/engine"
	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/host"
	"github.com/calicoctl/calicoctl/internal/ipam"
	"github.com/calicoctl/calicoctl/internal/kv"
)

// initOptions are the flags of init.
type initOptions struct {
	pool          string
	encapsulation string
	yes           bool
}

func (p *program) initCommand() *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init --pool CIDR",
		Short: "Make what a bare etcd lacks",
		Long: `Makes what calico/node makes at its start, if it is not there: ClusterInformation,
an IP pool, and the Node of this host. The plan is shown, and the question asked
whether to carry it out. What is there is never changed.

The pool may not overlap another pool, a route of this host, or a Docker network.
Calico's usual 192.168.0.0/16 overlaps the range from which Docker takes its own
networks.`,
		Example: `  calico-docker init --pool 10.233.64.0/18
  calico-docker init --pool fd80:24e2:f998:72d6::/64 --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.init(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.pool, "pool", "", "the `CIDR` of the IP pool")
	f.StringVar(&o.encapsulation, "encapsulation", "none", "how packets go to other hosts, a `MODE`: none, ipip, ipip-cross-subnet, vxlan or vxlan-cross-subnet")
	f.BoolVar(&o.yes, "yes", false, "do not ask")
	return cmd
}

// init makes a plan, shows it, asks, and carries it out in one transaction.
func (p *program) init(ctx context.Context, o initOptions) error {
	cidr, err := netip.ParsePrefix(o.pool)
	if err != nil || cidr != cidr.Masked() {
		return usageError{fmt.Errorf("--pool: expected a prefix such as 10.233.64.0/18, got %q", o.pool)}
	}
	modes, known := encapsulations()[o.encapsulation]
	if !known {
		return usageError{fmt.Errorf("--encapsulation: expected none, ipip, ipip-cross-subnet, vxlan or vxlan-cross-subnet, got %q", o.encapsulation)}
	}
	cfg, err := p.etcdConfig(ctx)
	if err != nil {
		return err
	}
	node, err := p.nodeName()
	if err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	conn, err := etcd.Dial(short, cfg)
	if err != nil {
		return err
	}
	defer conn.Close()
	plan, err := p.plan(short, conn, node, wantedPool{cidr: cidr, modes: modes})
	if err != nil {
		return err
	}
	if len(plan.steps) == 0 {
		fmt.Fprintln(p.out, "Nothing to do: all is there.")
		return nil
	}
	fmt.Fprintf(p.out, "In etcd at %s:\n", strings.Join(conn.Endpoints(), ", "))
	for _, s := range plan.steps {
		fmt.Fprintln(p.out, "  make "+s.text)
	}
	if !o.yes && !p.confirmed() {
		fmt.Fprintln(p.out, "Nothing was changed.")
		return errNo
	}
	carrying, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	if err := plan.carryOut(carrying, conn); err != nil {
		return err
	}
	fmt.Fprintln(p.out, "Done.")
	return nil
}

// confirmed asks whether to go on.
func (p *program) confirmed() bool {
	fmt.Fprint(p.out, "Go on? [y/N] ")
	line, _ := bufio.NewReader(p.in).ReadString('\n') // the end of the input is a no
	return slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(line)))
}

// A plan is what init makes: keys that are not there.
type initPlan struct {
	steps  []step
	guards []clientv3.Cmp
}

type step struct{ key, document, text string }

// plan looks at what is there.
func (p *program) plan(ctx context.Context, conn *etcd.Conn, node string, pool wantedPool) (initPlan, error) {
	var answer *clientv3.TxnResponse
	pools := v3Resources + "ippools/"
	err := conn.Retry(ctx, func(ctx context.Context) (err error) {
		answer, err = conn.Client.Txn(ctx).Then(clientv3.OpGet(clusterInformation), clientv3.OpGet(pools, clientv3.WithPrefix()),
			clientv3.OpGet(v3Resources+"nodes/"+node)).Commit()
		return err
	})
	if err != nil {
		return initPlan{}, err
	}
	plan := initPlan{guards: []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(pools), "<", answer.Header.Revision+1).WithPrefix()}}
	if kv.Value(answer, 0) == nil {
		plan.add(clusterInformation, clusterDocument(), "ClusterInformation default, which says that the datastore is ready")
	}
	there := false
	for _, found := range kv.Values(answer, 1) {
		other, err := ipam.DecodePool(found.Value)
		if err != nil {
			return plan, fmt.Errorf("the IP pool %s cannot be read: %w", found.Key[len(pools):], err)
		}
		if there = there || other.CIDR == pool.cidr; other.CIDR != pool.cidr && other.CIDR.Overlaps(pool.cidr) {
			return plan, fmt.Errorf("the pool %s overlaps the IP pool %s (%s)", pool.cidr, other.Name, other.CIDR)
		}
	}
	if !there {
		if err := p.checkRange(ctx, pool.cidr); err != nil {
			return plan, err
		}
		plan.add(pools+pool.name(), pool.document(), fmt.Sprintf("IPPool %s: %s, %s, natOutgoing", pool.name(), pool.cidr, pool.modes))
	}
	if kv.Value(answer, 2) == nil {
		address, err := host.Address()
		if err != nil {
			return plan, err
		}
		plan.add(v3Resources+"nodes/"+node, nodeDocument(node, address), fmt.Sprintf("Node %s with the address %s", node, address))
	}
	return plan, nil
}

func (plan *initPlan) add(key, document, text string) {
	plan.steps = append(plan.steps, step{key, document, text})
	plan.guards = append(plan.guards, kv.Unchanged(key, nil))
}

// carryOut makes all at once, if nothing was made meanwhile.
func (plan *initPlan) carryOut(ctx context.Context, conn *etcd.Conn) error {
	var puts []clientv3.Op
	for _, s := range plan.steps {
		puts = append(puts, clientv3.OpPut(s.key, s.document))
	}
	start := time.Now()
	answer, err := kv.New(conn.Client).Commit(ctx, plan.guards, puts, nil)
	switch {
	case err != nil && kv.Transient(err):
		return fmt.Errorf("it may or may not have been made, run the command again: %w", conn.Unreachable(ctx, err, start))
	case err != nil:
		return conn.Explain(err, start)
	case !answer.Succeeded:
		return errors.New("another client has made a part of this since; nothing was changed, run the command again")
	}
	return nil
}

// checkRange refuses a pool that overlaps what this host or its engine uses.
func (p *program) checkRange(ctx context.Context, cidr netip.Prefix) error {
	routes, err := host.Routes()
	if err != nil {
		return err
	}
	for _, r := range routes {
		if r.Destination.Overlaps(cidr) {
			return fmt.Errorf("the pool %s overlaps a route of this host: %s by %s", cidr, r.Destination, r.Device)
		}
	}
	docker, err := engine.New(p.options.docker)
	if err != nil {
		return err
	}
	networks, err := docker.Networks(ctx)
	if err != nil {
		fmt.Fprintf(p.err, "calico-docker: warning: Docker does not answer, so that its networks are not looked at: %v\n", err)
		return nil
	}
	for _, n := range networks {
		for _, text := range n.Subnets {
			if subnet, err := netip.ParsePrefix(text); err == nil && subnet.Bits() > 0 && subnet.Overlaps(cidr) {
				return fmt.Errorf("the pool %s overlaps the Docker network %s (%s)", cidr, n.Name, subnet)
			}
		}
	}
	return nil
}
