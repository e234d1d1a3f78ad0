package rules

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
)

const (
	maxPorts = 50
	maxNets  = 256
	maxPort  = 65535
)

// ports reads a comma-separated list of ports and ranges.
func (p *parser) ports(into *[]PortRange) error {
	text := p.tokens[p.pos].text
	if p.tokens[p.pos].quoted {
		return p.fail("expected ports without quotes")
	}
	list := make([]PortRange, 0, strings.Count(text, ",")+1)
	for item := range strings.SplitSeq(text, ",") {
		port, err := parsePorts(item)
		if err != "" {
			return p.failItem(len(list), err)
		}
		list = append(list, port)
	}
	*into = list
	return nil
}

// parsePorts reads a port or a range of numbers from 0 to 65535. Check tells whether
// they are valid for Felix.
func parsePorts(text string) (ports PortRange, problem string) {
	if text == "" {
		return PortRange{}, `expected a port or port range; a list is one argument without blanks, such as 80,443`
	}
	first, last, isRange := strings.Cut(text, ":")
	if !isRange {
		first, last, isRange = strings.Cut(text, "-")
	}
	if !isRange {
		last = first
	}
	ports.First, problem = parsePort(text, first)
	if problem == "" {
		ports.Last, problem = parsePort(text, last)
	}
	return ports, problem
}

func parsePort(whole, text string) (port int, problem string) {
	port, ok := decimal(text)
	switch {
	case !ok && text != whole && text != "":
		return 0, "expected a port range such as 1000:2000, got " + printable.Quote(whole)
	case !ok:
		return 0, "expected a port or port range, got " + printable.Quote(whole)
	case port > maxPort:
		return 0, text + " is not a port (1 to 65535)"
	}
	return port, ""
}

// nets reads a comma-separated list of addresses and prefixes.
func (p *parser) nets(into *[]netip.Prefix, text string) error {
	if p.tokens[p.pos].quoted {
		return p.fail("expected addresses without quotes")
	}
	list := make([]netip.Prefix, 0, strings.Count(text, ",")+1)
	for item := range strings.SplitSeq(text, ",") {
		net, err := parseNet(item)
		if err != "" {
			return p.failItem(len(list), err)
		}
		list = append(list, net)
	}
	*into = list
	return nil
}

// parseNet reads an address or a prefix and clears the host bits, but not of an
// IPv4 address that is written as IPv6: with less than 96 bits, it could not be told
// from another IPv6 address.
func parseNet(text string) (net netip.Prefix, problem string) {
	if text == "" {
		return net, "expected an address or prefix; a list is one argument without blanks, such as 10.0.0.0/8,10.1.2.3"
	}
	address, bits, hasBits := strings.Cut(text, "/")
	ip, err := netip.ParseAddr(address)
	switch {
	case strings.Contains(address, "%"):
		return net, "an address with a zone (%) cannot be matched; omit the zone"
	case strings.HasPrefix(address, "!"):
		return net, "write ! before cidr, or before an address without cidr"
	case err != nil:
		return net, "expected an address or prefix, got " + printable.Quote(text)
	case !hasBits:
		return netip.PrefixFrom(ip, ip.BitLen()), ""
	}
	length, ok := decimal(bits)
	if !ok || length > ip.BitLen() || len(bits) > 1 && bits[0] == '0' {
		return net, "the prefix length of " + printable.Quote(text) + " is not a number from 0 to " + strconv.Itoa(ip.BitLen())
	}
	net = netip.PrefixFrom(ip, length)
	if ip.Is4In6() && length < 96 {
		return net, ""
	}
	return net.Masked(), ""
}

// looksLikeAddress tells an address, right or wrong, from a misspelled keyword.
func looksLikeAddress(text string) bool {
	return text != "" && '0' <= text[0] && text[0] <= '9' || strings.Contains(text, ":")
}

// decimal reads a number of at most five digits without a sign.
func decimal(text string) (int, bool) {
	if text == "" || len(text) > 5 {
		return 0, false
	}
	n := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		n = 10*n + int(text[i]-'0')
	}
	return n, true
}
