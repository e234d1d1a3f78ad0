package store

import (
	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// decodeProfile reads a stored v3 document. The error is ErrMalformed and names
// the profile.
func decodeProfile(id string, revision int64, document []byte) (*profile.Profile, error) {
	p, err := profile.Decode(id, revision, document)
	if err != nil {
		return nil, &MalformedError{Layout: profile.V3, Key: profileKey(id), What: "profile " + shownID(id), Cause: err}
	}
	return p, nil
}

// decodeProfileV1 reads the parts of a v1 profile, any of which may be missing.
// Its revision is the newest of theirs. The error is ErrMalformed.
func decodeProfileV1(id string, parts map[string]*mvccpb.KeyValue) (*profile.Profile, error) {
	values, revision := map[string][]byte{}, int64(0)
	for part, kv := range parts {
		values[part], revision = kv.Value, max(revision, kv.ModRevision)
	}
	p, part, err := profile.DecodeV1(id, revision, values)
	if err != nil {
		return nil, &MalformedError{Layout: profile.V1, Key: keyV1(id, part), What: "profile " + shownID(id), Cause: err}
	}
	return p, nil
}

// shownID returns the ID of a stored profile, which may be anything, for people.
func shownID(id string) string {
	if id == "" {
		return printable.Quote(id)
	}
	return printable.Text(id)
}
