// Package torture finds out whether pkg/store keeps its promises while everything
// around it fails. Writers and readers work on one profile in an etcd of three
// members, which are stopped and started again, the leader most of all, and
// every connection goes through a proxy that cuts it, delays it, makes it
// half-open, or lets a request arrive when its client has long given up.
//
// Each client records what it asked for, what it saw, and what it was told. When
// all is over, these records are compared with the history of the profile's key,
// which etcd tells completely:
//
//   - Each version is the effect of exactly one operation on the version before,
//     by a plain model that shares no code with the store. What was said to be
//     done is in the history where it was said to be, what was said not to be
//     saved is not, and what is unknown is settled by it.
//   - What was seen, by reads and by edits, is what stood there at that revision,
//     and nobody sees less than was reported to anybody before.
//   - Whatever was refused was refused for the reason that was given.
//   - Windows of at most 200 operations are linearizable, as porcupine has it,
//     which knows nothing of revisions.
//
// A seed repeats all choices. When what happens, it does not decide.
package torture
