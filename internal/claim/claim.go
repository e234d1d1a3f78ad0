// Package claim lets one driver run for each node name: a key in etcd with a lease,
// which a second driver finds taken. Hosts that were cloned, name included, would
// otherwise remove each other's endpoints.
package claim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/kv"
)

const (
	// ttl is the lease's, in seconds: for so long a name stays taken after the host
	// has failed.
	ttl = 15
	// patience is how long a name may be taken before that is an error: a host that
	// has started again finds the lease of its former life.
	patience = (ttl + 5) * time.Second

	retryEvery = time.Second
)

// Key returns the key of a node's claim.
func Key(node string) string { return "/calico/docker/v1/drivers/" + node }

// A Holder says which process has a name.
type Holder struct {
	Host  string `json:"host"`
	Boot  string `json:"boot"`  // differs between hosts, and between starts of one
	State string `json:"state"` // directory of the state file, which one process can lock
	PID   int    `json:"pid"`
	Since string `json:"since"`
}

// Me returns this process as the holder of a name.
func Me(stateDir string) Holder {
	host, _ := os.Hostname() // for people
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return Holder{
		Host: host, Boot: strings.TrimSpace(string(boot)), State: stateDir, PID: os.Getpid(),
		Since: time.Now().UTC().Format(time.RFC3339),
	}
}

// A TakenError says that another driver has the node's name.
type TakenError struct {
	Node   string
	Holder Holder
}

// Error says who it is and what to do.
func (e *TakenError) Error() string {
	return fmt.Sprintf("another calico-docker has the node name %s: on host %s, process %d, since %s (key %s); "+
		"stop it, or give this host a name of its own (NODENAME, for calico/node as well)",
		e.Node, e.Holder.Host, e.Holder.PID, e.Holder.Since, Key(e.Node))
}

// A Claim holds the name of a node. Use [New] to make one.
type Claim struct {
	node string
	me   Holder
	log  *slog.Logger

	mu      sync.Mutex
	err     error // why the name is not held
	changed chan struct{}
}

// New returns a claim that is not held yet.
func New(node string, me Holder, log *slog.Logger) *Claim {
	return &Claim{node: node, me: me, log: log, err: errors.New("etcd has not answered yet"), changed: make(chan struct{})}
}

// Err returns nil while the name is held.
func (c *Claim) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Wait waits until the name is held, or ctx ends.
func (c *Claim) Wait(ctx context.Context) error {
	for {
		c.mu.Lock()
		err, changed := c.err, c.changed
		c.mu.Unlock()
		var taken *TakenError
		if err == nil || errors.As(err, &taken) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the node name %s is not held yet: %w", c.node, err)
		case <-changed:
		}
	}
}

func (c *Claim) set(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	close(c.changed)
	c.changed = make(chan struct{})
}

// Hold takes the name and keeps it until ctx ends; then it gives it back. The error
// is a [*TakenError], or the context's.
func (c *Claim) Hold(ctx context.Context, client *clientv3.Client) error {
	var takenSince time.Time
	for {
		lost, lease, err := c.take(ctx, client)
		var taken *TakenError
		switch {
		case err == nil:
			takenSince = time.Time{}
			c.set(nil)
			<-lost
			c.set(errors.New("the lease has run out, as etcd did not answer"))
		case errors.As(err, &taken):
			if takenSince.IsZero() {
				takenSince = time.Now()
			}
			c.set(err)
			if time.Since(takenSince) > patience {
				return err
			}
			c.log.Warn("waiting for the node's name", "error", err)
		default:
			c.set(err)
			c.log.Warn("the node's name is not held", "error", err)
		}
		select {
		case <-ctx.Done():
			c.giveBack(client, lease)
			return ctx.Err()
		case <-time.After(retryEvery):
		}
	}
}

// giveBack ends the lease, so that the next driver need not wait for its end.
func (c *Claim) giveBack(client *clientv3.Client, lease clientv3.LeaseID) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := client.Revoke(ctx, lease); err != nil {
		c.log.Debug("the node's name stays taken until the lease ends", "error", err)
	}
}

// take makes one attempt. The channel is closed when the lease is lost.
func (c *Claim) take(ctx context.Context, client *clientv3.Client) (<-chan struct{}, clientv3.LeaseID, error) {
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	granted, err := client.Grant(short, ttl)
	if err != nil {
		return nil, 0, err
	}
	value, err := json.Marshal(c.me)
	if err != nil {
		return nil, 0, err
	}
	put := clientv3.OpPut(Key(c.node), string(value), clientv3.WithLease(granted.ID))
	if err := c.put(short, kv.New(client), put); err != nil {
		c.giveBack(client, granted.ID)
		return nil, 0, err
	}
	alive, err := client.KeepAlive(ctx, granted.ID)
	if err != nil {
		return nil, granted.ID, err
	}
	lost := make(chan struct{})
	go func() {
		defer close(lost)
		for range alive { // ends with ctx, and when the lease has run out
		}
	}()
	return lost, granted.ID, nil
}

// put writes the key unless another driver has it.
func (c *Claim) put(ctx context.Context, store *kv.Store, put clientv3.Op) error {
	answer, err := store.Get(ctx, clientv3.OpGet(Key(c.node)))
	if err != nil {
		return err
	}
	found := kv.Value(answer, 0)
	if err := c.mayTake(found); err != nil {
		return err
	}
	done, err := store.Commit(ctx, []clientv3.Cmp{kv.Unchanged(Key(c.node), found)}, []clientv3.Op{put}, nil)
	if err == nil && !done.Succeeded {
		err = errors.New("another driver was faster")
	}
	return err
}

// mayTake returns a [*TakenError] if the key is another driver's. A former process
// of this host and state directory is none: only one can have locked that.
func (c *Claim) mayTake(found *mvccpb.KeyValue) error {
	if found == nil {
		return nil
	}
	var holder Holder
	if json.Unmarshal(found.Value, &holder) == nil && holder.Boot == c.me.Boot && holder.State == c.me.State {
		return nil
	}
	return &TakenError{Node: c.node, Holder: holder}
}
