// Package keys holds the keys of Calico in etcd.
package keys

// Calico begins all keys of Calico, in either layout.
const Calico = "/calico/"

const v3 = Calico + "resources/v3/projectcalico.org/"

// Prefixes of the keys of the v3 layout. After them stands the name of the resource,
// which has its namespace and a slash first if its kind has namespaces.
const (
	Profiles              = v3 + "profiles/"
	WorkloadEndpoints     = v3 + "workloadendpoints/"
	HostEndpoints         = v3 + "hostendpoints/"
	GlobalNetworkSets     = v3 + "globalnetworksets/"
	NetworkSets           = v3 + "networksets/"
	GlobalNetworkPolicies = v3 + "globalnetworkpolicies/"
	NetworkPolicies       = v3 + "networkpolicies/"
)

// ClusterInformation is the key that locks the datastore.
const ClusterInformation = v3 + "clusterinformations/default"

// Profile returns the key of a v3 profile.
func Profile(id string) string { return Profiles + id }
