package store

import (
	"github.com/calicoctl/calicoctl/internal/etcd"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// logHistory logs what the history says of a write whose answer was lost.
func (w *write) logHistory(saved int64, err error) {
	if err != nil {
		w.store.conn.Log.Info("the history of the profile does not say whether the edit was saved", "profile", w.profile, "error", err.Error())
		return
	}
	w.store.conn.Log.Info("the history of the profile says whether the edit was saved", "profile", w.profile, "saved", saved)
}

// log logs what became of one sending of the write.
func (w *write) log(answer *clientv3.TxnResponse, sent bool, err error) {
	switch log := w.store.conn.Log; {
	case err != nil && sent && etcd.IsTransient(err):
		log.Info("the answer was lost: the edit may or may not be saved", "profile", w.profile, "error", etcd.Said(err))
	case err != nil:
		log.Info("the edit was not saved", "profile", w.profile, "error", etcd.Said(err))
	case answer.Succeeded:
		log.Info("the edit is saved", "profile", w.profile, "revision", answer.Header.Revision)
	default:
		log.Info("something has changed since it was read; this time nothing is written", "profile", w.profile, "revision", answer.Header.Revision)
	}
}
