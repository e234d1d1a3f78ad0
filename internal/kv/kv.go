// Package kv is how Docker's driver reads etcd and writes to it: transactions
// that are repeated while that is safe, with a context as their bound.
package kv

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
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
func (s *Store) Get(ctx context.Context, ops ...clientv3.Op) (*clientv3.TxnResponse, error) {
	for attempt := 0; ; attempt++ {
		answer, err := s.Commit(ctx, nil, ops, nil)
		if err == nil || !Transient(err) {
			return answer, err
		}
		if Pause(ctx, attempt) != nil {
			return nil, err
		}
	}
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

// Transient reports whether the same request may succeed a moment later.
func Transient(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	if errors.Is(rpctypes.Error(err), rpctypes.ErrTooManyRequests) {
		return true
	}
	if errors.Is(rpctypes.Error(err), rpctypes.ErrAuthFailed) || errors.Is(rpctypes.Error(err), rpctypes.ErrAuthNotEnabled) {
		return false
	}
	var code codes.Code
	var e rpctypes.EtcdError
	if answer, isAnswer := status.FromError(err); isAnswer {
		code = answer.Code()
	} else if errors.As(err, &e) {
		code = e.Code()
	} else {
		return false // an error of this program
	}
	switch code {
	case codes.Unavailable, codes.Internal, codes.DeadlineExceeded, codes.Canceled, codes.Unknown, codes.Aborted:
		return true
	}
	return false
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

// Pause waits a short random time that grows with the attempts, from 0. The error
// is that of a context that ended meanwhile.
func Pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(time.Millisecond + rand.N(min(2*time.Millisecond<<min(attempt, 10), 100*time.Millisecond)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
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
