package store

import (
	"context"
	"errors"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
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
}

// Error says that nothing was changed, which is so where it ends an edit.
func (e *IrreversibleError) Error() string {
	return "the change of profile " + e.Profile + " could not be rolled back, because " + e.Reason + "; nothing was changed"
}

// Unwrap makes errors.Is find ErrRefused.
func (e *IrreversibleError) Unwrap() error { return fault.ErrRefused }

// reversible makes sure that etcd would take the request that rolls the write back.
// The error is an *IrreversibleError: the database is full, so that keys may be
// removed and not written, or the document is too long for a request. It need not be
// asked of a write of documents that are not long: etcd refuses that itself when it is
// full.
//
// Nothing is sent that writes. etcd would raise the alarm NOSPACE for a write that it
// has no space for, even under a condition that never holds, and would from then on
// refuse the writes of all clients.
func (s *Store) reversible(ctx context.Context, w *write) error {
	if w.document != nil && !w.isLong() {
		return nil
	}
	refused := &IrreversibleError{Profile: printable.Text(w.profile)}
	if tooLong, err := s.isTooLong(ctx, w); err != nil {
		return s.conn.Denied(ctx, err, w.access())
	} else if tooLong {
		refused.Reason = "its document is too long for a request that this etcd takes"
		return refused
	}
	full, err := s.isFull(ctx, int64(w.lengthBefore()))
	if err != nil {
		return err
	}
	if full {
		refused.Reason = "etcd has no space left (its database quota is used up)"
		return refused
	}
	return nil
}

// isTooLong asks etcd with a transaction that compares what the one that rolls back
// writes, so that it is as long. Its condition never holds. It has an operation that
// changes something all the same: etcd does not measure what only reads.
func (s *Store) isTooLong(ctx context.Context, w *write) (bool, error) {
	const margin = "                " // for what a write has around its value
	back := w.reversal(w.before.Revision)
	trial := back.write(s, w.before)
	key := keys.Profile(w.profile)
	never := clientv3.Compare(clientv3.CreateRevision(key), "=", -1)
	conditions := append(trial.conditions, never)
	for _, op := range trial.ops {
		if op.IsPut() {
			conditions = append(conditions, clientv3.Compare(clientv3.Value(string(op.KeyBytes())), "=", string(op.ValueBytes())+margin))
		}
	}
	err := s.conn.Retry(ctx, func(ctx context.Context) error {
		_, err := s.conn.Client.Txn(ctx).If(conditions...).Then(clientv3.OpDelete(key)).Else(back.query.gets(0)...).Commit()
		return err
	})
	var answer *fault.Error
	if errors.As(err, &answer) && etcd.IsTooLong(answer.Cause) {
		return true, nil
	}
	return false, err
}

// isFull reports whether etcd has no space for a number of bytes: it has raised the
// alarm, or, from 3.6 on, tells its quota. For a user who may not ask, it has
// space.
func (s *Store) isFull(ctx context.Context, bytes int64) (full bool, err error) {
	err = s.conn.Retry(ctx, func(ctx context.Context) error {
		maintenance := pb.NewMaintenanceClient(s.conn.Client.ActiveConnection())
		alarms, err := maintenance.Alarm(ctx, &pb.AlarmRequest{Action: pb.AlarmRequest_GET, Alarm: pb.AlarmType_NOSPACE})
		if err != nil {
			return err
		}
		if full = len(alarms.GetAlarms()) > 0; full {
			return nil
		}
		status, err := maintenance.Status(ctx, &pb.StatusRequest{})
		full = status.GetDbSizeQuota() > 0 && status.GetDbSize()+bytes >= status.GetDbSizeQuota()
		return err
	})
	if errors.Is(err, fault.ErrDenied) {
		return false, nil
	}
	return full, err
}

// isLong reports whether the write replaces or removes documents that together
// may be too long for a request that writes them.
func (w *write) isLong() bool { return w.lengthBefore() > maxDocument }

// lengthBefore returns how many bytes the documents have that the write replaces or
// removes.
func (w *write) lengthBefore() int {
	bytes := 0
	for _, op := range w.ops {
		bytes += len(w.before.found[string(op.KeyBytes())].GetValue())
	}
	return bytes
}
