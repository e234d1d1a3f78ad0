// Package store reads and edits the profiles of a Calico network in etcd.
//
// # Where a profile stands
//
// In the v3 layout, which every Calico since 3.0 reads, a profile is one JSON
// document under one key:
//
//	/calico/resources/v3/projectcalico.org/profiles/<profile>
//
// Its rules are spec.ingress and spec.egress; a tag is a label with an empty
// value in spec.labelsToApply (see [rules.TagLabel]).
//
// # Guarantees
//
// [Store.Edit] is one atomic compare-and-swap: read with revision, change,
// check, and write only if nothing that was read has changed; a lost race
// starts again from what is there now. Nothing is written when the change is
// none, when the datastore is locked for migration, or when Felix would refuse
// what the edit adds. Parts of a document that are not changed keep every byte.
//
// When a connection dies after a write was sent, the same guarded write is sent
// again, so that at most one of the two can succeed; what remains undecided is
// an [UnknownOutcomeError], never success or failure by guess.
package store
