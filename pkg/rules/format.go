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
	return string(appendFormat(buf[:0], r))
}

// appendFormat appends what Format returns to dst.
func appendFormat(dst []byte, r Rule) []byte {
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
	dst = appendEntity(dst, " from", &r.From)
	dst = appendEntity(dst, " to", &r.To)
	if r.Unsupported != "" {
		dst = append(append(append(dst, " ["...), r.Unsupported...), ']')
	}
	if r.Action == "" && len(dst) > start { // no action, so no blank after it
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

func appendEntity(dst []byte, keyword string, e *Entity) []byte {
	start := len(dst)
	dst = append(dst, keyword...)
	empty := len(dst)
	all := entityCriteria()
	for _, negated := range [...]bool{false, true} {
		words := " "
		if negated {
			words = " not "
		}
		for i := range all {
			// The text before a value is written first, and taken back if there is no value.
			before := len(dst)
			dst = append(append(append(dst, words...), all[i].keyword...), ' ')
			value := len(dst)
			if dst = e.appendValue(dst, criterion(i)+1, negated); len(dst) == value {
				dst = dst[:before]
			}
		}
	}
	if len(dst) == empty {
		return dst[:start]
	}
	return dst
}

func appendPorts(dst []byte, ports []PortRange) []byte {
	for i, p := range ports {
		dst = p.append(appendComma(dst, i))
	}
	return dst
}

func appendNets(dst []byte, nets []netip.Prefix) []byte {
	for i, n := range nets {
		dst = n.AppendTo(appendComma(dst, i))
	}
	return dst
}

// appendComma separates item i of a list from the one before it.
func appendComma(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return dst
}

func appendTag(dst []byte, tag Tag) []byte {
	if tag.IsZero() {
		return dst
	}
	if isReserved(tag.Name) || !IsName(tag.Name) {
		return printable.AppendQuoted(dst, tag.Name)
	}
	return append(dst, tag.Name...)
}

func appendSelector(dst []byte, selector string) []byte {
	if selector == "" {
		return dst
	}
	return printable.AppendQuoted(dst, selector)
}

// isReserved reports whether a tag of a name must be quoted, because the name is a
// keyword.
func isReserved(word string) bool {
	switch word {
	case "from", "to", "not", "type", "code", "ipversion":
		return true
	}
	return isEntityKeyword(word)
}
