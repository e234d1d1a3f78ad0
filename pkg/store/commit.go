package store

import (
	"bytes"
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// grace is how long a write that was sent may still be waited for, or asked
// about, when the time is over or the user has pressed Ctrl-C: less than the
// second that a command may take beyond its timeout.
const grace = 700 * time.Millisecond

// An outcome is how a write ended for certain: saved at a revision, or not
// saved because something had changed, with what is there now.
type outcome struct {
	saved int64
	now   *Snapshot
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
func (s *Store) commit(ctx context.Context, snap *Snapshot, p *Profile) (outcome, error) {
	w, err := s.newWrite(snap, p)
	if err != nil {
		return outcome{}, err
	}
	out, err := w.run(ctx)
	if out.saved > 0 {
		p.document = w.document
	}
	return out, err
}

// newWrite returns the write of a changed profile.
func (s *Store) newWrite(snap *Snapshot, p *Profile) (*write, error) {
	document, err := p.encode()
	if err != nil {
		return nil, err
	}
	if len(document) > maxDocument {
		return nil, Refusedf("profile %s would be %d bytes long; etcd takes %d at most",
			rules.Printable(p.ID), len(document), maxDocument)
	}
	return &write{
		store: s, before: snap, profile: p.ID, document: document,
		conditions: snap.unchanged(p.ID),
		ops:        []clientv3.Op{clientv3.OpPut(profileKey(p.ID), string(document))},
	}, nil
}

func (w *write) run(ctx context.Context) (outcome, error) {
	start := time.Now()
	hopeful, cancel := w.store.dials.hopeful(ctx)
	defer cancel()
	maybeSaved := false
	for attempt := 0; ; attempt++ {
		answer, sent, err := w.send(hopeful)
		switch {
		case err == nil && answer.Succeeded:
			return outcome{saved: answer.Header.Revision}, nil
		case err == nil:
			return w.lost(ctx, answer, maybeSaved)
		case !isTransient(err) && !maybeSaved:
			return outcome{}, w.store.explain(err, start)
		case !isTransient(err):
			return w.settle(ctx, err)
		}
		maybeSaved = maybeSaved || sent
		if pause(hopeful, attempt) {
			continue
		}
		if maybeSaved {
			return w.settle(ctx, err)
		}
		return outcome{}, w.store.unreachable(hopeful, err, start)
	}
}

// send sends the transaction once. sent reports whether it has left this
// process, so that etcd may have carried it out whatever the error is. Once it
// has, the answer is waited for a little longer than the context allows.
func (w *write) send(ctx context.Context) (answer *clientv3.TxnResponse, wasSent bool, err error) {
	patient, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	patient, sent := watchSending(patient)
	stop := context.AfterFunc(ctx, func() {
		if sent.flag.Load() {
			time.AfterFunc(grace, cancel)
		} else {
			cancel()
		}
	})
	defer stop()
	txn := w.store.client.Txn(patient).If(w.conditions...).Then(w.ops...)
	if query := w.before.query; query.size() <= maxOperations {
		txn = txn.Else(query.gets(0)...)
	}
	answer, err = txn.Commit()
	return answer, sent.flag.Load(), err
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
	if !maybeSaved || !w.touched(now) {
		return outcome{now: now}, nil
	}
	return w.fromHistory(ctx, now)
}

// touched reports whether the profile's key was written since it was read.
func (w *write) touched(now *Snapshot) bool {
	key := profileKey(w.profile)
	return now.found[key].GetModRevision() != w.before.found[key].GetModRevision()
}

// settle finds out, when there is no time left for sending again, whether the
// write was saved. As long as the key stands as it was read, the write may
// still be on its way, so nothing can be said.
func (w *write) settle(ctx context.Context, cause error) (outcome, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	now, err := w.store.Read(ctx, w.before.query)
	if err != nil || !w.touched(now) {
		return outcome{}, w.unknown(cause)
	}
	return w.fromHistory(ctx, now)
}

// fromHistory looks at the first change of the key after it was read. The write
// was conditional on there being none, so it is that one or it was not saved.
func (w *write) fromHistory(ctx context.Context, now *Snapshot) (outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changes := w.store.client.Watch(ctx, profileKey(w.profile), clientv3.WithRev(w.before.Revision+1))
	for answer := range changes {
		if err := answer.Err(); err != nil { // compacted, among others
			return outcome{}, w.unknown(err)
		}
		for _, change := range answer.Events {
			if w.did(change) {
				return outcome{saved: change.Kv.ModRevision}, nil
			}
			return outcome{now: now}, nil
		}
	}
	return outcome{}, w.unknown(errors.Join(ctx.Err(), errors.New("the history of the key was not told")))
}

// did reports whether a change of the profile's key is what the write does.
func (w *write) did(change *clientv3.Event) bool {
	if w.document == nil {
		return change.Type == clientv3.EventTypeDelete
	}
	return change.Type == clientv3.EventTypePut && bytes.Equal(change.Kv.Value, w.document)
}

func (w *write) unknown(cause error) error {
	return &UnknownOutcomeError{Profile: rules.Printable(w.profile), Cause: cause}
}
