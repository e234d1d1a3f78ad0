package store

import (
	"context"
	"errors"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// An IrreversibleError says that etcd would not take the request that rolls a
// change back. It is ErrRefused.
type IrreversibleError struct {
	Profile string // printable
	Reason  string
	Cause   error
}

// Error says that nothing was changed, which is so where it ends an edit.
func (e *IrreversibleError) Error() string {
	return "the change of profile " + e.Profile + " could not be rolled back, because " + e.Reason + "; nothing was changed"
}

// Unwrap makes errors.Is find ErrRefused and the cause.
func (e *IrreversibleError) Unwrap() []error { return []error{fault.ErrRefused, e.Cause} }

// reversible makes sure that etcd would take the request that rolls the write back.
// The error is an *IrreversibleError: the database is full, so that keys may be
// removed and not written, or the document is too long for a request. etcd is
// asked with a transaction of the same length whose condition never holds. It need
// not be asked about a write of documents that are not long: it refuses that itself
// when it is full.
func (s *Store) reversible(ctx context.Context, w *write) error {
	if w.document != nil && !w.isLong() {
		return nil
	}
	back := w.reversal(w.before.Revision)
	trial := back.write(s, w.before)
	never := clientv3.Compare(clientv3.CreateRevision(keys.Profile(w.profile)), "=", -1)
	trial.conditions[len(trial.conditions)-1] = never
	var answer error
	err := s.conn.Retry(ctx, func(ctx context.Context) error {
		_, answer = s.conn.Client.Txn(ctx).If(trial.conditions...).Then(trial.ops...).Else(back.query.gets(0)...).Commit()
		return answer
	})
	refused := &IrreversibleError{Profile: printable.Text(w.profile), Cause: err}
	switch {
	case err == nil:
		return nil
	case errors.Is(rpctypes.Error(answer), rpctypes.ErrNoSpace):
		refused.Reason = "etcd has no space left (its database quota is used up)"
	case etcd.IsTooLong(answer):
		refused.Reason = "its document is too long for a request that this etcd takes"
	default:
		return s.conn.Denied(ctx, err, w.access())
	}
	return refused
}

// isLong reports whether the write replaces or removes documents that together
// may be too long for a request that writes them.
func (w *write) isLong() bool {
	bytes := 0
	for _, op := range w.ops {
		bytes += len(w.before.found[string(op.KeyBytes())].GetValue())
	}
	return bytes > maxDocument
}
