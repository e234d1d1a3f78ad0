// Package profile is the document of a profile, without the etcd that holds it: how
// it is read, changed, checked and written.
//
// [Decode] reads a v3 document and [DecodeV1] the parts of a v1 profile. A change is a
// change of a [Profile]'s exported fields, most often by [AppendRule], an [Insertion],
// a [Removal], a [Replacement], a [Move], [SetRules], [AddTag] or [SetTags]. What is
// not changed keeps every byte. [Profile.Check] tells whether Calico takes the result.
//
// An Insertion, a Removal, a Replacement and a Move may be applied again, to a newer
// version of the profile. They find out whether a position still means the same rule,
// and return a [MovedError] if it does not.
//
// Errors have one of the kinds of package fault.
package profile
