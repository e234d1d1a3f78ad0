package rules

import (
	"net/netip"
	"strconv"
)

// A Rule says what happens to the packets that match it. The zero value of a
// criterion means that the criterion is absent.
type Rule struct {
	// Action is one of the four actions, or empty when the stored action is none
	// of them; then Unsupported has it.
	Action Action `json:"action,omitempty"`

	// IPVersion is 0, 4 or 6.
	IPVersion int `json:"ipVersion,omitempty"`

	Protocol    Protocol `json:"protocol,omitempty"`
	NotProtocol Protocol `json:"notProtocol,omitempty"`

	ICMP    *ICMP `json:"icmp,omitempty"`
	NotICMP *ICMP `json:"notICMP,omitempty"`

	From Entity `json:"from,omitzero"`
	To   Entity `json:"to,omitzero"`

	// Unsupported spells out stored fields that the syntax does not support, in
	// printable characters. Such a rule can be shown, moved and removed. It equals
	// no rule without these fields, and cannot be encoded.
	Unsupported string `json:"beyond,omitempty"`
}

// An Action is what a rule does with a packet.
type Action string

// The actions. First match decides, but Log goes on to the next rule, and Pass
// leaves the profile at once.
const (
	Allow Action = "allow"
	Deny  Action = "deny"
	Log   Action = "log"
	Pass  Action = "pass"
)

// A Protocol is "tcp", "udp", "icmp", "icmpv6", "sctp", "udplite" or a decimal
// number of the IP header; empty means any.
type Protocol string

// An ICMP is a message type with an optional code.
type ICMP struct {
	Type int  `json:"type"`
	Code *int `json:"code,omitempty"`
}

// An Entity describes one end of a packet; all criteria must hold.
type Entity struct {
	Ports    []PortRange    `json:"ports,omitempty"`
	Tag      Tag            `json:"tag,omitzero"`
	Selector string         `json:"selector,omitempty"` // as written; see [ParseSelector]
	Nets     []netip.Prefix `json:"cidr,omitempty"`     // host bits cleared

	NotPorts    []PortRange    `json:"notPorts,omitempty"`
	NotTag      Tag            `json:"notTag,omitzero"`
	NotSelector string         `json:"notSelector,omitempty"`
	NotNets     []netip.Prefix `json:"notCidr,omitempty"`
}

// A PortRange is the ports from First to Last, both included.
type PortRange struct{ First, Last int }

// String returns "80" or "1000:2000".
func (p PortRange) String() string { return string(p.append(nil)) }

// MarshalText makes JSON hold what String returns.
func (p PortRange) MarshalText() ([]byte, error) { return p.append(nil), nil }

func (p PortRange) append(dst []byte) []byte {
	dst = strconv.AppendInt(dst, int64(p.First), 10)
	if p.First != p.Last {
		dst = strconv.AppendInt(append(dst, ':'), int64(p.Last), 10)
	}
	return dst
}

// A Tag is matched by endpoints whose profiles carry it.
type Tag struct {
	Name string

	// EmptyValue marks a stored match "name == ''" instead of "has(name)".
	// Upstream's converter wrote the former; it is shown as the tag, never
	// rewritten, and not equal to the latter, because a label with a value
	// tells them apart.
	EmptyValue bool
}

// MarshalText makes JSON hold the name.
func (t Tag) MarshalText() ([]byte, error) { return []byte(t.Name), nil }

// IsZero reports whether there is no tag.
func (t Tag) IsZero() bool { return t.Name == "" }

// MapTags returns the rule with every tag's name replaced by what name returns
// for it: names by network IDs or the other way round. The rule itself does not change.
func (r Rule) MapTags(name func(string) string) Rule {
	for _, t := range []*Tag{&r.From.Tag, &r.From.NotTag, &r.To.Tag, &r.To.NotTag} {
		if !t.IsZero() {
			t.Name = name(t.Name)
		}
	}
	return r
}

// Tags returns the names of the tags in the rule, as they occur.
func (r Rule) Tags() []string {
	var names []string
	r.MapTags(func(name string) string {
		names = append(names, name)
		return name
	})
	return names
}
