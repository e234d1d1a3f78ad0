package verdict

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A Packet is the first packet of a connection, as far as it is known: what
// [Evaluate] asks a list of rules about.
type Packet struct {
	IPVersion int            // 4 or 6; 0 is not known
	Protocol  rules.Protocol // as a Rule has it; empty is not known
	ICMPType  *int           // of icmp and icmpv6; nil is not known
	ICMPCode  *int
	From, To  End
}

// An End is where a packet comes from or goes to. Tags and labels are always
// known: an end has those in Labels and no others.
type End struct {
	Name  string       // for people, printable; may be empty
	Addrs []netip.Addr // those that it may have; none is any
	Port  int          // of tcp, udp and sctp; 0 is not known

	// Labels holds the labels of each endpoint or network set that has the
	// address. A selector picks one of them as a whole: that one has a label
	// and another one another does not make both.
	Labels []map[string]string

	// Unknown means that the end may also be an endpoint without any labels,
	// which some selectors match. If it is false and there are no Labels, the
	// end is no endpoint, and no selector matches it.
	Unknown bool
}

// TagLabels returns the labels of an endpoint that carries these tags.
func TagLabels(tags ...string) map[string]string {
	labels := make(map[string]string, len(tags))
	for _, tag := range tags {
		labels[rules.TagLabel(tag)] = ""
	}
	return labels
}

// IsPossible reports whether there can be a packet like this one: its addresses
// and its protocol are of one IP version, and it has no ports without a protocol
// that has.
func (p Packet) IsPossible() bool {
	_, ok := p.derive()
	return ok
}

// derive fills in what follows from what is known. ok is false when the packet
// contradicts itself, so that there is none like it.
func (p Packet) derive() (derived Packet, ok bool) {
	p.Protocol = p.Protocol.Named()
	version := p.IPVersion
	agree := func(v int) bool {
		if version == 0 {
			version = v
		}
		return v == 0 || v == version
	}
	ok = agree(p.Protocol.IPVersion()) && agree(sameVersion(p.From.Addrs)) && agree(sameVersion(p.To.Addrs))
	if p.From.Port+p.To.Port > 0 && p.Protocol != "" {
		ok = ok && p.Protocol.HasPorts()
	}
	p.IPVersion = version
	for _, e := range []*End{&p.From, &p.To} {
		if len(e.Addrs) == 0 || version == 0 {
			continue
		}
		e.Addrs = slices.DeleteFunc(slices.Clone(e.Addrs), func(a netip.Addr) bool { return rules.IPVersion(a) != version })
		ok = ok && len(e.Addrs) > 0
	}
	return p, ok
}

// sameVersion returns the IP version that all of the addresses have, or 0.
func sameVersion(addrs []netip.Addr) int {
	version := 0
	for _, a := range addrs {
		if v := rules.IPVersion(a); version == 0 {
			version = v
		} else if v != version {
			return 0
		}
	}
	return version
}

// portProtocols are those of which a rule, and so a packet, can have ports.
func portProtocols() []rules.Protocol { return []rules.Protocol{"tcp", "udp", "sctp"} }

// A Need is something that a packet does not say and that a rule asks for.
type Need uint8

// The needs. All but the last can be met by saying more about the packet.
const (
	NeedIPVersion Need = iota
	NeedProtocol
	NeedICMPType
	NeedICMPCode
	NeedSourcePort
	NeedDestinationPort
	NeedSourceAddress
	NeedDestinationAddress
	NeedSourceEndpoint // whether the source is an endpoint at all
	NeedDestinationEndpoint
	NeedUnsupported // whether the criteria hold that have no words
)

// String returns words that follow "the rule needs".
func (n Need) String() string {
	return [...]string{
		"the IP version", "the protocol", "the message type", "the message code",
		"the source port", "the destination port", "the source address", "the destination address",
		"to know whether the source is an endpoint", "to know whether the destination is an endpoint",
		"to know whether its criteria in brackets hold",
	}[n]
}

// MarshalText makes JSON hold a short name.
func (n Need) MarshalText() ([]byte, error) {
	return []byte([...]string{
		"ipVersion", "protocol", "icmpType", "icmpCode", "sourcePort", "destinationPort",
		"sourceAddress", "destinationAddress", "sourceEndpoint", "destinationEndpoint", "beyond",
	}[n]), nil
}

// An Assumption is a need and something that would meet it.
type Assumption struct {
	Need  Need   `json:"need"`
	Value string `json:"value"`
}

// String returns words that follow "with".
func (a Assumption) String() string {
	switch a.Need {
	case NeedIPVersion:
		return "IPv" + a.Value
	case NeedSourceEndpoint, NeedDestinationEndpoint:
		side := "source"
		if a.Need == NeedDestinationEndpoint {
			side = "destination"
		}
		if a.Value == "no" {
			return "a " + side + " that is no endpoint"
		}
		return "a " + side + " that is an endpoint without labels"
	case NeedUnsupported:
		return a.Value
	}
	return a.Need.String() + " " + a.Value
}

func portText(port int) string { return strconv.Itoa(port) }

const highestPort = 65535
