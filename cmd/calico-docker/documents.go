//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
)

// A wantedPool is the IP pool that init makes.
type wantedPool struct {
	cidr  netip.Prefix
	modes encapsulation
}

// An encapsulation is how packets go from host to host.
type encapsulation struct{ ipip, vxlan string }

func (e encapsulation) String() string {
	switch {
	case e.ipip != "Never":
		return "IPIP " + e.ipip
	case e.vxlan != "Never":
		return "VXLAN " + e.vxlan
	}
	return "no encapsulation"
}

func encapsulations() map[string]encapsulation {
	return map[string]encapsulation{
		"none": {"Never", "Never"}, "ipip": {"Always", "Never"}, "ipip-cross-subnet": {"CrossSubnet", "Never"},
		"vxlan": {"Never", "Always"}, "vxlan-cross-subnet": {"Never", "CrossSubnet"},
	}
}

// name returns a name that the range determines.
func (p wantedPool) name() string {
	address := strings.NewReplacer(".", "-", ":", "-").Replace(p.cidr.Addr().StringExpanded())
	return fmt.Sprintf("docker-%s-%d", address, p.cidr.Bits())
}

func (p wantedPool) document() string {
	blockSize := 26
	if p.cidr.Addr().Is6() {
		blockSize = 122
	}
	blockSize = max(blockSize, p.cidr.Bits())
	return fmt.Sprintf(`{"kind":"IPPool","apiVersion":"projectcalico.org/v3",%s,"spec":{"cidr":%q,"vxlanMode":%q,"ipipMode":%q,`+
		`"natOutgoing":true,"blockSize":%d,"nodeSelector":"all()","allowedUses":["Workload","Tunnel"]}}`,
		metadata(p.name()), p.cidr, p.modes.vxlan, p.modes.ipip, blockSize)
}

func metadata(name string) string {
	return fmt.Sprintf(`"metadata":{"name":%q,"uid":%q,"creationTimestamp":%q}`, name, uuid.NewString(), time.Now().UTC().Format(time.RFC3339))
}

// clusterDocument leaves out calicoVersion: Calico's own tools refuse to work with
// another version than theirs.
func clusterDocument() string {
	return fmt.Sprintf(`{"kind":"ClusterInformation","apiVersion":"projectcalico.org/v3",%s,"spec":{"clusterGUID":%q,"datastoreReady":true}}`,
		metadata("default"), strings.ReplaceAll(uuid.NewString(), "-", ""))
}

func nodeDocument(node string, address netip.Prefix) string {
	key := "ipv4Address"
	if address.Addr().Is6() {
		key = "ipv6Address"
	}
	return fmt.Sprintf(`{"kind":"Node","apiVersion":"projectcalico.org/v3",%s,"spec":{"bgp":{%q:%q}}}`, metadata(node), key, address)
}

// noSubnet stands for any pool.
func noSubnet() netip.Prefix { return netip.Prefix{} }
