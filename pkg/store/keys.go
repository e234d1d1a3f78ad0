package store

const (
	profilePrefix  = "/calico/resources/v3/projectcalico.org/profiles/"
	clusterInfoKey = "/calico/resources/v3/projectcalico.org/clusterinformations/default"

	// DefaultAllow is the profile that is built into Calico. It is not in
	// etcd, is shown all the same, and cannot be edited.
	DefaultAllow = "projectcalico-default-allow"
)

func profileKey(id string) string { return profilePrefix + id }
