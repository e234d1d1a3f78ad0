package ipam

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

const (
	root              = "/calico/ipam/v2/"
	configKey         = root + "config"
	resources         = "/calico/resources/v3/projectcalico.org/"
	poolPrefix        = resources + "ippools/"
	reservationPrefix = resources + "ipreservations/"
	nodePrefix        = resources + "nodes/"
)

// blockPrefix returns what the keys of all blocks of an IP version begin with.
func blockPrefix(version int) string {
	return fmt.Sprintf("%sassignment/ipv%d/block/", root, version)
}

func blockKey(cidr netip.Prefix) string { return blockPrefix(version(cidr)) + inKey(cidr) }

// affinityPrefix returns what the keys of the affinities of a node begin with.
func affinityPrefix(node string, version int) string {
	return fmt.Sprintf("%shost/%s/ipv%d/block/", root, node, version)
}

func affinityKey(node string, cidr netip.Prefix) string {
	return affinityPrefix(node, version(cidr)) + inKey(cidr)
}

func handleKey(handle string) string { return root + "handle/" + handle }

// inKey returns a prefix as keys hold it, which have no slash in it.
func inKey(cidr netip.Prefix) string { return strings.Replace(cidr.String(), "/", "-", 1) }

// cidrOf returns the prefix at the end of the key of a block or an affinity.
func cidrOf(key string) (netip.Prefix, error) {
	address, bits, ok := strings.Cut(key[strings.LastIndex(key, "/")+1:], "-")
	if !ok {
		return netip.Prefix{}, errors.New("the key does not end in a prefix")
	}
	return netip.ParsePrefix(address + "/" + bits)
}
