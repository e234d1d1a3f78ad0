package store

const (
	profilePrefix  = "/calico/resources/v3/projectcalico.org/profiles/"
	clusterInfoKey = "/calico/resources/v3/projectcalico.org/clusterinformations/default"
)

func profileKey(id string) string { return profilePrefix + id }
