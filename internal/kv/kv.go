// Package kv is how Docker's driver reads etcd and writes to it: transactions
// that are repeated while that is safe, with a context as their bound.
package kv

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/status"

	"github.com/calicoctl/calicoctl/internal/etcd"
)

// attemptLimit bounds one attempt, so that a connection that hangs does not use
// up the time of the whole request.
const attemptLimit = 3 * time.Second

// A Client begins transactions, as etcd's client does.
type Client interface {
	Txn(ctx context.Context) clientv3.Txn
}

// A Store reads and writes keys. Use [New] to make one.
type Store struct{ kv Client }

// New returns a Store that uses a client.
func New(client Client) *Store { return &Store{kv: client} }

// Get carries out reading operations at one revision. It repeats them until etcd
// answers, refuses for good, or ctx ends.
func (s *Store) Get(ctx context.Context, ops ...clientv3.Op) (answer *clientv3.TxnResponse, err error) {
	err = Repeat(ctx, func() (bool, error) {
		answer, err = s.Commit(ctx, nil, ops, nil)
		return true, err
	})
	return answer, err
}

// Commit sends one transaction once. After an error for which [Transient] is true
// it may or may not have been carried out: the caller reads again to find out.
func (s *Store) Commit(ctx context.Context, conditions []clientv3.Cmp, then, otherwise []clientv3.Op) (*clientv3.TxnResponse, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	attempt, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	return s.kv.Txn(attempt).If(conditions...).Then(then...).Else(otherwise...).Commit()
}

// Repeat calls attempt until it is done, fails for good, or ctx ends. An attempt has
// to find out by reading whether an earlier one, whose outcome is unknown, was
// carried out.
func Repeat(ctx context.Context, attempt func() (done bool, err error)) error {
	for number := 0; ; number++ {
		done, err := attempt()
		if err == nil && done || err != nil && !Transient(err) {
			return err
		}
		if !etcd.Pause(ctx, number) {
			return errors.Join(err, ctx.Err())
		}
	}
}

// Transient reports whether the same request may succeed a moment later. An error
// that comes neither from etcd nor from a context is never transient.
func Transient(err error) bool {
	ended := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
	return (ended || IsServer(err)) && etcd.IsTransient(err)
}

// IsServer reports whether an error comes from etcd or its client.
func IsServer(err error) bool {
	var e rpctypes.EtcdError
	var s interface{ GRPCStatus() *status.Status }
	return errors.As(err, &e) || errors.As(err, &s)
}

// IsDenied reports whether etcd's user lacks a permission.
func IsDenied(err error) bool {
	return err != nil && errors.Is(rpctypes.Error(err), rpctypes.ErrPermissionDenied)
}

// Values returns what the reading operation at an index of a transaction found.
func Values(answer *clientv3.TxnResponse, index int) []*mvccpb.KeyValue {
	return answer.Responses[index].GetResponseRange().GetKvs()
}

// Value returns the only key that the reading operation at an index found; nil if
// there is none.
func Value(answer *clientv3.TxnResponse, index int) *mvccpb.KeyValue {
	if found := Values(answer, index); len(found) > 0 {
		return found[0]
	}
	return nil
}

// Unchanged returns the condition that a key is still as it was read; nil stands
// for a key that was not there.
func Unchanged(key string, read *mvccpb.KeyValue) clientv3.Cmp {
	if read == nil {
		return clientv3.Compare(clientv3.CreateRevision(key), "=", 0)
	}
	return clientv3.Compare(clientv3.ModRevision(key), "=", read.ModRevision)
}
