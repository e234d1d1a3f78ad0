package store

import (
	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// decodeProfile reads a stored v3 document. The error is ErrMalformed and names
// the profile.
func decodeProfile(id string, revision int64, document []byte) (*profile.Profile, error) {
	p, err := profile.Decode(id, revision, document)
	if err != nil {
		return nil, &profile.MalformedError{Kind: profile.KindProfile, Layout: profile.V3, ID: id, Key: keys.Profile(id), Cause: err}
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
		return nil, &profile.MalformedError{Kind: profile.KindProfile, Layout: profile.V1, ID: id, Key: keys.ProfileV1(id, part), Cause: err}
	}
	return p, nil
}
