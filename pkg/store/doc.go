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
// In the v1 layout, that of calicoctl 0.x, a profile is up to three keys:
//
//	/calico/v1/policy/profile/<profile>/rules, .../tags, .../labels
//
// No Felix reads it from an etcd of API version 3, so it is shown, and made into
// the former by [Store.Migrate], but not edited.
//
// # How it is used
//
// [Open] makes a [Store] from a [Config], and [Store.Edit] changes one profile by its
// ID. [Store.Update] is for an edit that depends on more
// than one profile, such as one whose name may mean two; [Store.Read] reads what
// a [Query] names as it was at one moment, and [Store.List] and a [View] everything.
//
// # Guarantees
//
// [Store.Edit] is one atomic compare-and-swap: read with revision, change,
// check, and write only if nothing that was read has changed; a lost race
// is retried from what is stored then. Nothing is written when the change is
// none, when the datastore is locked for migration, or when what the edit
// adds is invalid for Felix. Parts of a document that are not changed keep every byte.
//
// When a connection dies after a write was sent, the same guarded write is sent
// again, so that at most one of the two can succeed; what remains undecided is
// an [UnknownOutcomeError], never success or failure by guess.
//
// An error of a Store has one of the kinds of package fault, for errors.Is, or is
// the context's own. What the
// function that changes a profile returns, such as a [profile.PresentError], comes back as it
// is. With each but ErrUnknownOutcome nothing was written.
package store
