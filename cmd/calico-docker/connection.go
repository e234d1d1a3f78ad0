//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/kv"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// dialAgain is how long after a failure etcd is dialled again.
const dialAgain = time.Second

// A connection is one to an etcd that may not be there yet: it may run in Docker,
// which may wait for this driver.
type connection struct {
	ready    chan struct{} // closed once the rest is set
	conn     *etcd.Conn
	profiles *store.Store
}

// connect dials etcd until that succeeds or ctx ends. The error is that of a
// configuration that can never work.
func connect(ctx context.Context, cfg etcd.Config, log *slog.Logger) (*connection, error) {
	c := &connection{ready: make(chan struct{})}
	first := make(chan error, 1)
	go func() {
		for {
			err := c.dial(ctx, cfg)
			select {
			case first <- err:
			default:
			}
			if err == nil || errors.Is(err, fault.ErrConfig) || ctx.Err() != nil {
				return
			}
			log.Warn("etcd cannot be used yet", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(dialAgain):
			}
		}
	}()
	select {
	case err := <-first:
		if errors.Is(err, fault.ErrConfig) {
			return nil, err
		}
	case <-time.After(dialAgain): // it goes on
	}
	return c, nil
}

func (c *connection) dial(ctx context.Context, cfg etcd.Config) error {
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := etcd.Dial(short, cfg)
	if err != nil {
		return err
	}
	profiles, err := store.Open(short, cfg)
	if err != nil {
		_ = conn.Close()
		return err
	}
	c.conn, c.profiles = conn, profiles
	close(c.ready)
	return nil
}

// wait waits for the connection.
func (c *connection) wait(ctx context.Context) error {
	select {
	case <-c.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Txn begins a transaction, once there is a connection.
func (c *connection) Txn(ctx context.Context) clientv3.Txn {
	if err := c.wait(ctx); err != nil {
		return failedTxn{err}
	}
	return c.conn.Client.Txn(ctx)
}

// close ends the connection, if there is one.
func (c *connection) close() {
	select {
	case <-c.ready:
		_ = c.profiles.Close() // the process ends
		_ = c.conn.Close()
	default:
	}
}

// explain makes an error of etcd's client one for people.
func (c *connection) explain(err error, took time.Duration) error {
	select {
	case <-c.ready:
	default:
		if kv.Transient(err) {
			return fmt.Errorf("etcd cannot be reached: %w", err)
		}
		return err
	}
	switch {
	case kv.IsServer(err) && kv.Transient(err), errors.Is(err, context.DeadlineExceeded):
		return c.conn.Unreachable(context.Background(), err, time.Now().Add(-took))
	case kv.IsServer(err):
		return c.conn.Explain(err, time.Now().Add(-took))
	}
	return err
}

// A failedTxn is a transaction that could not begin.
type failedTxn struct{ err error }

func (t failedTxn) If(...clientv3.Cmp) clientv3.Txn        { return t }
func (t failedTxn) Then(...clientv3.Op) clientv3.Txn       { return t }
func (t failedTxn) Else(...clientv3.Op) clientv3.Txn       { return t }
func (t failedTxn) Commit() (*clientv3.TxnResponse, error) { return nil, t.err }
