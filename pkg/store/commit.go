package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

const (
	// defaultRequest is how long a request may be, in bytes, for an etcd that is
	// not told otherwise (--max-request-bytes).
	defaultRequest = 3 << 19
	// maxDocument leaves room for the rest of such a request. Of a document that is
	// longer than defaultRequest, etcd decides how long it may become.
	maxDocument = defaultRequest - 8<<10
)

// times bound what goes on when a command's own time is over or the user has
// pressed Ctrl-C, and the silence of a watch. Tests that are not about them
// prolong them.
type times struct {
	answer time.Duration // for the answer to a write that was sent
	settle time.Duration // and then for finding out without one whether it was saved

	heartbeat time.Duration // see following
}

// defaultTimes let a write take less than the second that a command may take
// after its timeout.
func defaultTimes() times {
	return times{answer: 350 * time.Millisecond, settle: 350 * time.Millisecond, heartbeat: 5 * time.Second}
}

// An outcome is how a write ended for certain: saved at a revision, or not
// saved because something had changed, with what is there now.
type outcome struct {
	saved    int64
	now      *Snapshot
	reversal *reversal // of what was saved
}

// A write is one guarded transaction, sent as often as needed: its conditions
// hold at most once.
type write struct {
	store      *Store
	before     *Snapshot // what the conditions are about
	profile    string    // the ID of the profile that is written or removed
	conditions []clientv3.Cmp
	ops        []clientv3.Op
	document   []byte // what the profile's key holds afterwards; nil when it is removed
}

// commit writes the changed profile if what was read still holds. The error
// ErrUnknownOutcome says that it may or may not have been saved; with any other
// it was not.
func (s *Store) commit(ctx context.Context, snap *Snapshot, p *profile.Profile, reversible bool) (outcome, error) {
	w, err := s.newWrite(snap, p)
	if err == nil && reversible {
		err = s.reversible(ctx, w)
	}
	if err != nil {
		return outcome{}, err
	}
	out, err := w.run(ctx)
	if out.saved > 0 {
		p.Saved(w.document, out.saved)
	}
	return out, err
}

// newWrite returns the write of a changed profile.
func (s *Store) newWrite(snap *Snapshot, p *profile.Profile) (*write, error) {
	document, err := p.MarshalJSON()
	if err != nil {
		return nil, err
	}
	if len(document) > max(maxDocument, len(p.Document())) && len(p.Document()) <= defaultRequest {
		return nil, fault.Refusedf("profile %s would be %d bytes long; etcd takes %d at most",
			printable.Text(p.ID), len(document), maxDocument)
	}
	return &write{
		store: s, before: snap, profile: p.ID, document: document,
		conditions: snap.unchanged(p.ID),
		ops:        []clientv3.Op{clientv3.OpPut(keys.Profile(p.ID), string(document))},
	}, nil
}

// fits rejects a write that depends on too many keys.
func (w *write) fits() error {
	if n := len(w.conditions); n > etcd.MaxOperations {
		return fault.Refusedf("the edit depends on %d keys, more than the %d that one transaction can watch over; "+
			"make it in smaller steps", n, etcd.MaxOperations)
	}
	return nil
}

// run sends the write until its outcome is certain or the time is over.
func (w *write) run(ctx context.Context) (outcome, error) {
	out, err := w.sendUntilCertain(ctx)
	out.reversal = w.reversal(out.saved)
	return out, err
}

func (w *write) sendUntilCertain(ctx context.Context) (outcome, error) {
	if err := w.fits(); err != nil {
		return outcome{}, err
	}
	start := time.Now()
	hopeful, cancel := w.store.conn.Hopeful(ctx)
	defer cancel()
	times := w.store.times
	patient, cancel := outlive(ctx, times.answer)
	defer cancel()
	late, cancel := outlive(ctx, times.answer+times.settle)
	defer cancel()
	waiting, maybeSaved := hopeful, false
	var cause error
	for number := 0; waiting.Err() == nil; number++ {
		if maybeSaved {
			out, decided, err := w.created(waiting)
			if errors.Is(err, errNoAnswer) {
				continue // ask again, before sending again
			}
			if decided || err != nil {
				return out, err
			}
		}
		answer, sent, err := w.send(waiting, patient)
		switch {
		case err == nil && answer.Succeeded:
			return outcome{saved: answer.Header.Revision}, nil
		case err == nil:
			return w.lost(late, answer, maybeSaved)
		case !etcd.IsTransient(err) && !maybeSaved:
			return outcome{}, w.explain(late, err, start)
		case !etcd.IsTransient(err):
			return w.settle(late, err)
		}
		if cause == nil || waiting.Err() == nil { // a request that the time cut off tells nothing
			cause = err
		}
		if sent && !maybeSaved {
			// From here on only the end of the time ends the waiting.
			waiting, maybeSaved = ctx, true
		}
		etcd.Pause(waiting, number)
	}
	if maybeSaved {
		return w.settle(late, cause)
	}
	return outcome{}, w.store.conn.Unreachable(hopeful, cause, start)
}

// explain turns a lasting error of etcd into one of this package's.
func (w *write) explain(ctx context.Context, err error, start time.Time) error {
	if etcd.IsTooLong(err) {
		return &fault.Error{Kind: fault.ErrRefused, Cause: err, Text: fmt.Sprintf("the request that writes profile %s "+
			"(%d bytes) is longer than this etcd takes (--max-request-bytes)", printable.Text(w.profile), len(w.document))}
	}
	return w.store.conn.Denied(ctx, w.store.conn.Explain(err, start), w.access())
}

// outlive returns a context that ends a while after another one.
func outlive(ctx context.Context, extra time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(extra, cancel) })
	return late, func() { stop(); cancel() }
}

// send sends the transaction once. sent reports whether etcd may have carried it
// out whatever the error is. Until it has left this process it ends with ctx;
// afterwards the answer is waited for until patient ends.
func (w *write) send(ctx, patient context.Context) (answer *clientv3.TxnResponse, wasSent bool, err error) {
	patient, attempt, cancel := w.store.conn.Attempt(patient)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if !attempt.Sent() {
			cancel()
		}
	})
	defer stop()
	txn := w.store.conn.Client.Txn(patient).If(w.conditions...).Then(w.ops...)
	if query := w.before.query; query.size() <= etcd.MaxOperations {
		txn = txn.Else(query.gets(0)...)
	}
	answer, err = txn.Commit()
	wasSent = attempt.Sent() && !etcd.IsUndone(err)
	w.log(answer, wasSent, err)
	return answer, wasSent, err
}

// lost deals with a transaction whose conditions do not hold. If an earlier
// sending of it may have been carried out, it may itself be the reason.
func (w *write) lost(ctx context.Context, answer *clientv3.TxnResponse, maybeSaved bool) (outcome, error) {
	now := newSnapshot(w.before.query)
	if len(answer.Responses) > 0 {
		now.add(answer)
	} else {
		var err error
		if now, err = w.store.Read(ctx, w.before.query); err != nil {
			if maybeSaved {
				return outcome{}, w.unknown(err)
			}
			return outcome{}, err
		}
	}
	if !maybeSaved {
		return outcome{now: now}, nil
	}
	return w.fromHistory(ctx, now, nil)
}

// settle finds out, when there is no time left for sending again, whether the
// write was saved. As long as the key stands as it was read, the write may
// still be on its way, so nothing can be said.
func (w *write) settle(ctx context.Context, cause error) (outcome, error) {
	w.store.conn.Log.Info("no time is left; asking whether the edit was saved", "profile", w.profile)
	now, err := w.store.Read(ctx, w.before.query)
	switch {
	case errors.Is(err, fault.ErrDenied):
		return outcome{}, w.unknown(err)
	case err != nil:
		return outcome{}, w.unknown(cause)
	}
	return w.fromHistory(ctx, now, w.unknown(cause))
}

func (w *write) unknown(cause error) error {
	return &UnknownOutcomeError{Profile: printable.Text(w.profile), Cause: cause, write: w}
}

// access returns what the write reads and writes, also when it loses a race.
func (w *write) access() etcd.Access {
	return etcd.AccessOf(w.conditions, slices.Concat(w.ops, w.before.query.gets(0))...)
}
