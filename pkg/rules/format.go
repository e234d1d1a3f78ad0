package rules

import (
	"net/netip"
	"strconv"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// Format returns the canonical text of a rule, on one line and printable.
// [ParseLine] reads it back.
func Format(r Rule) string {
	var buf [128]byte
	return string(AppendFormat(buf[:0], r))
}

// AppendFormat appends what Format returns to dst.
func AppendFormat(dst []byte, r Rule) []byte {
	start := len(dst)
	dst = append(dst, r.Action...)
	if r.IPVersion != 0 {
		dst = strconv.AppendInt(append(dst, " ipversion "...), int64(r.IPVersion), 10)
	}
	if r.Protocol != "" {
		dst = append(append(dst, ' '), r.Protocol...)
	}
	if r.NotProtocol != "" {
		dst = append(append(dst, " not "...), r.NotProtocol...)
	}
	dst = appendICMP(dst, " type ", r.ICMP)
	dst = appendICMP(dst, " not type ", r.NotICMP)
	dst = appendEntity(dst, " from", r.From)
	dst = appendEntity(dst, " to", r.To)
	if r.Unsupported != "" {
		dst = append(append(append(dst, " ["...), r.Unsupported...), ']')
	}
	if r.Action == "" && len(dst) > start { // no action, so no blank behind it
		dst = append(dst[:start], dst[start+1:]...)
	}
	return dst
}

func appendICMP(dst []byte, words string, icmp *ICMP) []byte {
	if icmp == nil {
		return dst
	}
	dst = strconv.AppendInt(append(dst, words...), int64(icmp.Type), 10)
	if icmp.Code != nil {
		dst = strconv.AppendInt(append(dst, " code "...), int64(*icmp.Code), 10)
	}
	return dst
}

func appendEntity(dst []byte, word string, e Entity) []byte {
	start := len(dst)
	dst = append(dst, word...)
	behindWord := len(dst)
	dst = appendPorts(dst, " ports ", e.Ports)
	dst = appendTag(dst, " tag ", e.Tag)
	dst = appendSelector(dst, " selector ", e.Selector)
	dst = appendNets(dst, " cidr ", e.Nets)
	dst = appendPorts(dst, " not ports ", e.NotPorts)
	dst = appendTag(dst, " not tag ", e.NotTag)
	dst = appendSelector(dst, " not selector ", e.NotSelector)
	dst = appendNets(dst, " not cidr ", e.NotNets)
	if len(dst) == behindWord {
		return dst[:start]
	}
	return dst
}

func appendPorts(dst []byte, words string, ports []PortRange) []byte {
	for i, p := range ports {
		dst = p.append(append(dst, separator(words, i)...))
	}
	return dst
}

func appendNets(dst []byte, words string, nets []netip.Prefix) []byte {
	for i, n := range nets {
		dst = n.AppendTo(append(dst, separator(words, i)...))
	}
	return dst
}

// separator returns what stands in front of item i of a list.
func separator(words string, i int) string {
	if i == 0 {
		return words
	}
	return ","
}

func appendTag(dst []byte, words string, tag Tag) []byte {
	if tag.IsZero() {
		return dst
	}
	dst = append(dst, words...)
	if isReserved(tag.Name) || !IsName(tag.Name) {
		return printable.AppendQuoted(dst, tag.Name)
	}
	return append(dst, tag.Name...)
}

func appendSelector(dst []byte, words, selector string) []byte {
	if selector == "" {
		return dst
	}
	return printable.AppendQuoted(append(dst, words...), selector)
}

// isReserved reports whether a word has a meaning behind "tag", so that a tag
// of that name must be quoted.
func isReserved(word string) bool {
	switch word {
	case "from", "to", "not", "ports", "tag", "cidr", "selector", "type", "code", "ipversion":
		return true
	}
	return false
}
