package rules

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
)

// The v3 form of a rule is Rule and EntityRule of projectcalico.org/v3. Keys
// are compared without regard to case, because Felix, a Go program, reads them
// so.

// DecodeV3 reads a rule as a v3 profile holds it. It never fails: whatever has
// no words is spelled out in Rule.Unsupported and, if Calico would not take it,
// named in Problems. raw stays in the result.
func DecodeV3(raw []byte) Stored {
	d := newDecoder()
	if !rawjson.Valid(raw) {
		return d.invalid(raw)
	}
	d.portNames = true
	action := false
	members := d.members(&d.beyond, "rule", raw)
	if rawjson.Kind(raw) == "null" {
		d.wrong(&d.beyond, "rule", raw, "expected an object, got null")
	}
	for _, m := range members {
		switch ruleKeyV3(m.Key) {
		case "action":
			action = true
			d.actionV3(m.Value)
		case "ipVersion":
			d.ipVersion(m.Key, m.Value)
		case "protocol":
			d.protocol(m.Key, m.Value, &d.rule.Protocol)
		case "notProtocol":
			d.protocol(m.Key, m.Value, &d.rule.NotProtocol)
		case "icmp":
			d.icmpV3(m.Key, m.Value, &d.rule.ICMP)
		case "notICMP":
			d.icmpV3(m.Key, m.Value, &d.rule.NotICMP)
		case "source":
			d.entityV3(m.Key, m.Value, &d.rule.From, &d.ends[0].items)
		case "destination":
			d.entityV3(m.Key, m.Value, &d.rule.To, &d.ends[1].items)
		default:
			d.without(&d.beyond, m.Key, m.Value)
		}
	}
	if !action && len(d.problems) == 0 {
		d.noAction([]byte(`"none"`))
	}
	d.onlyOne()
	return d.stored(raw)
}

// ruleKeyV3 returns the key of a rule that key is in another case, or key.
func ruleKeyV3(key string) string {
	return known(key,
		"action", "ipVersion", "protocol", "notProtocol", "icmp", "notICMP", "source", "destination")
}

func known(key string, keys ...string) string {
	for _, k := range keys {
		if strings.EqualFold(k, key) {
			return k
		}
	}
	return key
}

func (d *decoder) actionV3(value []byte) {
	switch strings.ToLower(stringOrNumber(value)) {
	case "allow":
		d.rule.Action = Allow
	case "deny":
		d.rule.Action = Deny
	case "log":
		d.rule.Action = Log
	case "pass", "next-tier":
		d.rule.Action = Pass
	case "", "null":
		if rawjson.Kind(value) == "null" || string(value) == `""` {
			d.noAction(value)
			return
		}
		fallthrough
	default:
		d.wrong(&d.beyond, "action", value, wrongAction(value))
	}
}

// wrongAction says why a value is no action of v3. That Felix panics is measured
// for a text that is none of the four; it does not read what is no text.
func wrongAction(value []byte) string {
	if rawjson.Kind(value) != "string" {
		return "expected a string, got " + printable.Text(string(value))
	}
	return printable.Text(string(value)) + " is not an action (allow, deny, log, pass); Felix panics on it"
}

// noAction notes that there is no action, which Felix takes for allow.
func (d *decoder) noAction(value []byte) {
	d.beyond = append(d.beyond, spellOut("action", value))
	d.odd("action", "a rule needs an action; without, Felix allows what it matches", false)
}

func (d *decoder) icmpV3(key string, value []byte, into **ICMP) {
	var icmp ICMP
	kind := ""
	for _, m := range d.members(&d.beyond, key, value) {
		n, ok := small(m.Value)
		switch field := strings.ToLower(m.Key); {
		case string(m.Value) == "null":
		case field == "type" && ok:
			icmp.Type = n
			kind += "t"
		case field == "code" && ok:
			icmp.Code = &n
			kind += "c"
		default:
			d.wrong(&d.beyond, key, value, printable.Text(m.Key)+" is not a number from 0 to 255")
			return
		}
	}
	switch kind {
	case "":
	case "c": // a code without a type
		d.beyond = append(d.beyond, spellOut(key, value))
		d.odd(key, "a code needs a type; Felix ignores the code, so that the rule matches every message", false)
	default:
		*into = &icmp
	}
}

// onlyOne leaves the words to the first of two criteria that the grammar
// allows once.
func (d *decoder) onlyOne() {
	r := &d.rule
	if r.Protocol != "" && r.NotProtocol != "" {
		d.matched = true
		d.beyond = append(d.beyond, "not "+string(r.NotProtocol))
		r.NotProtocol = ""
	}
	if r.ICMP != nil && r.NotICMP != nil {
		d.matched = true
		d.beyond = append(d.beyond, string(appendICMP(nil, "not type ", r.NotICMP)))
		r.NotICMP = nil
	}
}

func (d *decoder) entityV3(key string, value []byte, e *Entity, end *[]string) {
	for _, m := range d.members(end, key, value) {
		if offset, negated := ofKeyV3(m.Key); offset > 0 {
			d.valueV3(offset, negated, m, e, end)
		} else {
			d.without(end, m.Key, m.Value)
		}
	}
}

type ruleV3 struct {
	Action      string          `json:"action"`
	IPVersion   int             `json:"ipVersion,omitempty"`
	Protocol    any             `json:"protocol,omitempty"`
	ICMP        *ICMP           `json:"icmp,omitempty"`
	NotProtocol any             `json:"notProtocol,omitempty"`
	NotICMP     *ICMP           `json:"notICMP,omitempty"`
	Source      json.RawMessage `json:"source,omitempty"`
	Destination json.RawMessage `json:"destination,omitempty"`
}

// EncodeV3 writes a rule as a v3 profile holds it, keys in upstream's order.
// The error is a *UnsupportedError.
func EncodeV3(r Rule) (Stored, error) {
	if r.Unsupported != "" || r.Action == "" {
		return Stored{}, &UnsupportedError{Rule: r}
	}
	source, err := encodeEntityV3(&r.From)
	if err != nil {
		return Stored{}, err
	}
	destination, err := encodeEntityV3(&r.To)
	if err != nil {
		return Stored{}, err
	}
	raw, err := rawjson.Encode(ruleV3{
		Action:      actionName(r.Action),
		IPVersion:   r.IPVersion,
		Protocol:    protocolV3(r.Protocol),
		NotProtocol: protocolV3(r.NotProtocol),
		ICMP:        r.ICMP,
		NotICMP:     r.NotICMP,
		Source:      source,
		Destination: destination,
	})
	return Stored{Rule: r, JSON: raw}, err
}

func actionName(a Action) string { return strings.ToUpper(string(a[:1])) + string(a[1:]) }

// isProtocolV3 reports whether a name is in v3's spelling.
func isProtocolV3(text string) bool {
	p, ok := parseProtocol(text)
	return ok && (protocolV3(p) == text || text != "" && '0' <= text[0] && text[0] <= '9')
}

// protocolV3 returns the name in v3's spelling, a number, or nil.
func protocolV3(p Protocol) any {
	switch p {
	case "":
		return nil
	case "icmpv6":
		return "ICMPv6"
	case "udplite":
		return "UDPLite"
	}
	return numberOr(string(p), strings.ToUpper(string(p)))
}

// numberOr returns text as a number if it is one, and otherwise the other.
func numberOr(text, otherwise string) any {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return otherwise
}

// encodeEntityV3 returns nil for an entity without criteria.
func encodeEntityV3(e *Entity) (json.RawMessage, error) {
	var members []rawjson.Member
	all := entityCriteria()
	for _, negated := range []bool{false, true} {
		for i, k := range slices.Backward(all[:]) {
			if k.keyV3 == "" {
				continue
			}
			value := e.valueV3(criterion(i)+1, negated)
			if value == nil || value == "" {
				continue
			}
			raw, err := rawjson.Encode(value)
			if err != nil {
				return nil, err
			}
			key := k.keyV3
			if negated {
				key = "not" + strings.ToUpper(key[:1]) + key[1:]
			}
			members = append(members, rawjson.Member{Key: key, Value: raw})
		}
	}
	if members == nil {
		return nil, nil
	}
	return rawjson.Append([]byte("{}"), members)
}

// portsJSON returns numbers, and strings for ranges.
func portsJSON(list []PortRange) []any {
	var out []any
	for _, p := range list {
		out = append(out, numberOr(p.String(), p.String()))
	}
	return out
}

func textsOf[T interface{ String() string }](list []T) []string {
	var out []string
	for _, item := range list {
		out = append(out, item.String())
	}
	return out
}
