package ipam

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// Sizes of blocks where a pool does not say one.
const (
	defaultBlockSize4 = 26
	defaultBlockSize6 = 122
)

// A Pool is an IP pool: a range that nodes claim blocks of.
type Pool struct {
	Name      string
	CIDR      netip.Prefix
	BlockSize int  // length of the prefix of a block
	Disabled  bool // also while it is being removed
	Manual    bool // only for those who ask for this pool
	Workloads bool // whether containers may have its addresses

	NodeSelector      string // empty is every node
	NamespaceSelector string // empty is every namespace
}

type poolDocument struct {
	Metadata struct {
		Name    string  `json:"name"`
		Deleted *string `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		CIDR              string   `json:"cidr"`
		BlockSize         int      `json:"blockSize"`
		Disabled          bool     `json:"disabled"`
		NodeSelector      string   `json:"nodeSelector"`
		NamespaceSelector string   `json:"namespaceSelector"`
		AllowedUses       []string `json:"allowedUses"`
		AssignmentMode    string   `json:"assignmentMode"`
	} `json:"spec"`
}

// DecodePool reads a stored IPPool.
func DecodePool(document []byte) (Pool, error) {
	var d poolDocument
	if err := json.Unmarshal(document, &d); err != nil {
		return Pool{}, err
	}
	cidr, err := netip.ParsePrefix(d.Spec.CIDR)
	if err != nil {
		return Pool{}, fmt.Errorf("spec.cidr: %w", err)
	}
	p := Pool{
		Name: d.Metadata.Name, CIDR: cidr.Masked(), BlockSize: d.Spec.BlockSize,
		Disabled:     d.Spec.Disabled || d.Metadata.Deleted != nil,
		Manual:       d.Spec.AssignmentMode == "Manual",
		Workloads:    len(d.Spec.AllowedUses) == 0 || slices.Contains(d.Spec.AllowedUses, "Workload"),
		NodeSelector: d.Spec.NodeSelector, NamespaceSelector: d.Spec.NamespaceSelector,
	}
	if p.BlockSize == 0 {
		p.BlockSize = defaultBlockSize4
		if cidr.Addr().Is6() {
			p.BlockSize = defaultBlockSize6
		}
	}
	if p.BlockSize < cidr.Bits() || p.BlockSize > cidr.Addr().BitLen() || cidr.Addr().BitLen()-p.BlockSize > maxBlockBits {
		return Pool{}, fmt.Errorf("spec.blockSize %d does not go with %s", p.BlockSize, cidr)
	}
	return p, nil
}

// Unusable returns why containers of a node get no addresses of the pool; empty
// if they do. asked tells that the pool was asked for.
func (p Pool) Unusable(nodeLabels map[string]string, asked bool) string {
	switch {
	case p.Disabled:
		return "it is disabled"
	case !p.Workloads:
		return "its allowedUses do not have Workload"
	case p.Manual && !asked:
		return "its assignmentMode is Manual, so a network has to ask for it with --subnet " + p.CIDR.String()
	case !selects(p.NodeSelector, nodeLabels):
		return "its nodeSelector " + p.NodeSelector + " does not select this node"
	case !selects(p.NamespaceSelector, map[string]string{}):
		return "its namespaceSelector " + p.NamespaceSelector + " is for Kubernetes namespaces"
	}
	return ""
}

// selects reports whether a selector matches labels. One that does not parse
// matches nothing.
func selects(selector string, labels map[string]string) bool {
	s, err := rules.ParseSelector(selector)
	return err == nil && s.Matches(labels)
}

// Settings are those of Calico's IPAM as a whole.
type Settings struct {
	StrictAffinity bool // a node has only addresses of its own blocks
	ClaimBlocks    bool // nodes claim blocks by themselves
	MaxBlocks      int  // of a node, for each IP version
	CooldownSecs   int  // how long a released address is not assigned again
}

// maxBlocks is how many blocks a node may have if nothing says otherwise.
const maxBlocks = 20

// DecodeSettings reads the stored settings; nil stands for none, which are the
// defaults.
func DecodeSettings(document []byte) (Settings, error) {
	if document == nil {
		return Settings{ClaimBlocks: true, MaxBlocks: maxBlocks}, nil
	}
	var d struct {
		Strict   bool `json:"strict_affinity"`
		Claim    bool `json:"auto_allocate_blocks"`
		Max      int  `json:"maxBlocksPerHost"`
		Cooldown int  `json:"ipCooldownSeconds"`
	}
	err := json.Unmarshal(document, &d)
	s := Settings{StrictAffinity: d.Strict, ClaimBlocks: d.Claim, MaxBlocks: d.Max, CooldownSecs: d.Cooldown}
	if s.MaxBlocks <= 0 {
		s.MaxBlocks = maxBlocks
	}
	return s, err
}

// decodeReservation returns the prefixes of a stored IPReservation.
func decodeReservation(document []byte) ([]netip.Prefix, error) {
	var d struct {
		Spec struct {
			CIDRs []string `json:"reservedCIDRs"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, err
	}
	var all []netip.Prefix
	for _, text := range d.Spec.CIDRs {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			addr, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return nil, err
			}
			p = netip.PrefixFrom(addr, addr.BitLen())
		}
		all = append(all, p.Masked())
	}
	return all, nil
}
