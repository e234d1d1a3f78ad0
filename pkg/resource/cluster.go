package resource

import (
	"errors"

	"github.com/calicoctl/calicoctl/internal/rawjson"
)

// DatastoreReady reads the lock in a ClusterInformation. A document without the field is
// ready, as for upstream.
func DatastoreReady(document []byte) (bool, error) {
	spec := readSpec(document, "ClusterInformation")
	if spec.err != nil {
		return false, spec.err
	}
	switch value := string(rawjson.Get(spec.members, "datastoreReady")); value {
	case "", "null", "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errors.New("spec.datastoreReady is neither true nor false")
}

// ClusterGUID reads the ID that Calico has given the cluster; empty when there is none.
func ClusterGUID(document []byte) string {
	return rawjson.Text(rawjson.Get(readSpec(document, "ClusterInformation").members, "clusterGUID"))
}
