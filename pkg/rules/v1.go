package rules

import (
	"net/netip"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
)

// The v1 form of a rule is what calicoctl 0.x stored: one flat object, with a
// leading "!" in the keys of negated criteria.

// DecodeV1 reads a rule as a v1 rules document holds it, like [DecodeV3]. An
// absent action is allow.
func DecodeV1(raw []byte) Stored {
	d := newDecoder()
	if !rawjson.Valid(raw) {
		return d.invalid(raw)
	}
	members := d.members(&d.beyond, "rule", raw)
	if rawjson.Kind(raw) == "null" {
		d.wrong(&d.beyond, "rule", raw, "expected an object, got null")
	}
	if len(d.problems) > 0 { // what is no rule does not allow everything
		return d.stored(raw)
	}
	d.rule.Action = Allow
	var icmp icmpV1
	for _, m := range members {
		key, negated := strings.CutPrefix(m.Key, "!")
		side, rest, _ := strings.Cut(key, "_")
		switch {
		case m.Key == "action":
			d.actionV1(m.Value)
		case m.Key == "ip_version":
			d.ipVersion(m.Key, m.Value)
		case key == "protocol":
			d.protocol(m.Key, m.Value, choose(negated, &d.rule.NotProtocol, &d.rule.Protocol))
		case key == "icmp_type", key == "icmp_code":
			d.icmpV1(m, &icmp)
		case side == "src":
			d.entityV1(m, rest, negated, &d.rule.From, &d.ends[0].items)
		case side == "dst":
			d.entityV1(m, rest, negated, &d.rule.To, &d.ends[1].items)
		default:
			d.without(&d.beyond, m.Key, m.Value)
		}
	}
	d.joinICMPV1(icmp)
	joinTagsOf(&d.rule.From)
	joinTagsOf(&d.rule.To)
	d.onlyOne()
	return d.stored(raw)
}

func (d *decoder) actionV1(value []byte) {
	if string(value) == "null" {
		return // absent, which is allow
	}
	switch action := stringOrNumber(value); action {
	case "allow", "deny", "log", "pass":
		d.rule.Action = Action(action)
	case "next-tier":
		d.rule.Action = Pass
	default:
		d.rule.Action = ""
		d.wrong(&d.beyond, "action", value, printable.Text(string(value))+" is not an action")
	}
}

// icmpV1 holds the four keys for message types; nil is absent.
type icmpV1 struct{ typ, code, notType, notCode *int }

func (d *decoder) icmpV1(m rawjson.Member, icmp *icmpV1) {
	n, ok := small(m.Value)
	switch {
	case string(m.Value) == "null":
	case !ok:
		d.wrong(&d.beyond, m.Key, m.Value, "not a number from 0 to 255")
	case m.Key == "icmp_type":
		icmp.typ = &n
	case m.Key == "icmp_code":
		icmp.code = &n
	case m.Key == "!icmp_type":
		icmp.notType = &n
	default:
		icmp.notCode = &n
	}
}

func (d *decoder) joinICMPV1(icmp icmpV1) {
	join := func(typ, code *int, key string, into **ICMP) {
		switch {
		case typ != nil:
			*into = &ICMP{Type: *typ, Code: code}
		case code != nil:
			d.wrong(&d.beyond, key, rawNumber(*code), "a code needs a type")
		}
	}
	join(icmp.typ, icmp.code, "icmp_code", &d.rule.ICMP)
	join(icmp.notType, icmp.notCode, "!icmp_code", &d.rule.NotICMP)
}

func rawNumber(n int) []byte {
	raw, _ := rawjson.Encode(n) // a number always has an encoding
	return raw
}

// entityV1 reads one key of an entity; field is the key without "src_".
func (d *decoder) entityV1(m rawjson.Member, field string, negated bool, e *Entity, end *[]string) {
	switch field {
	case "tag":
		d.tagV1(m, end, choose(negated, &e.NotTag, &e.Tag))
	case "selector":
		d.text(end, m.Key, m.Value, choose(negated, &e.NotSelector, &e.Selector))
	case "ports":
		d.ports(end, m.Key, m.Value, choose(negated, &e.NotPorts, &e.Ports))
	case "nets":
		d.nets(end, m.Key, m.Value, choose(negated, &e.NotNets, &e.Nets))
	case "net":
		if string(m.Value) != "null" {
			list := rawjson.Join([][]byte{m.Value})
			d.nets(end, m.Key, list, choose(negated, &e.NotNets, &e.Nets))
		}
	default:
		d.without(end, m.Key, m.Value)
	}
}

func (d *decoder) tagV1(m rawjson.Member, end *[]string, into *Tag) {
	var name string
	d.text(end, m.Key, m.Value, &name)
	if name != "" && !IsName(name) {
		d.wrong(end, m.Key, m.Value, printable.Text(string(m.Value))+" is not the name of a tag")
		return
	}
	into.Name = name
}

// joinTagsOf brings selectors that are tags, or hold one, into the form that a
// parsed rule has.
func joinTagsOf(e *Entity) {
	if e.Tag.IsZero() {
		e.Tag, e.Selector = cutTag(e.Selector, false)
	}
	if e.NotTag.IsZero() {
		e.NotTag, e.NotSelector = cutTag(e.NotSelector, true)
	}
}

type ruleV1 struct {
	Action      string `json:"action"`
	IPVersion   int    `json:"ip_version,omitempty"`
	Protocol    any    `json:"protocol,omitempty"`
	NotProtocol any    `json:"!protocol,omitempty"`
	ICMPType    *int   `json:"icmp_type,omitempty"`
	ICMPCode    *int   `json:"icmp_code,omitempty"`
	NotICMPType *int   `json:"!icmp_type,omitempty"`
	NotICMPCode *int   `json:"!icmp_code,omitempty"`
}

// matchV1 is one end of a packet, positive or negated; its keys get a prefix.
type matchV1 struct {
	Tag      string   `json:"tag,omitempty"`
	Net      string   `json:"net,omitempty"`
	Nets     []string `json:"nets,omitempty"`
	Selector string   `json:"selector,omitempty"`
	Ports    []any    `json:"ports,omitempty"`
}

// EncodeV1 writes a rule as a v1 rules document holds it. A single address is
// "src_net", several are "src_nets"; a tag that is stored as `x == ""` is a
// selector, so that it comes back as it was. The error is a *UnsupportedError.
func EncodeV1(r Rule) (Stored, error) {
	if r.Unsupported != "" || r.Action == "" || !r.From.inV1() || !r.To.inV1() {
		return Stored{}, &UnsupportedError{Rule: r}
	}
	v := ruleV1{
		Action: string(r.Action), IPVersion: r.IPVersion,
		Protocol: protocolV1(r.Protocol), NotProtocol: protocolV1(r.NotProtocol),
	}
	if r.Action == Pass {
		v.Action = "next-tier"
	}
	if r.ICMP != nil {
		v.ICMPType, v.ICMPCode = &r.ICMP.Type, r.ICMP.Code
	}
	if r.NotICMP != nil {
		v.NotICMPType, v.NotICMPCode = &r.NotICMP.Type, r.NotICMP.Code
	}
	raw, err := rawjson.Encode(v)
	for _, end := range []struct {
		prefix string
		match  matchV1
	}{
		{"src_", newMatchV1(r.From.Ports, r.From.Tag, r.From.Selector, r.From.Nets, false)},
		{"!src_", newMatchV1(r.From.NotPorts, r.From.NotTag, r.From.NotSelector, r.From.NotNets, true)},
		{"dst_", newMatchV1(r.To.Ports, r.To.Tag, r.To.Selector, r.To.Nets, false)},
		{"!dst_", newMatchV1(r.To.NotPorts, r.To.NotTag, r.To.NotSelector, r.To.NotNets, true)},
	} {
		if err == nil {
			raw, err = addPrefixed(raw, end.prefix, end.match)
		}
	}
	return Stored{Rule: r, JSON: raw}, err
}

func newMatchV1(ports []PortRange, tag Tag, selector string, nets []netip.Prefix, negated bool) matchV1 {
	m := matchV1{Tag: tag.Name, Selector: selector, Ports: portsJSON(ports)}
	if tag.EmptyValue {
		m.Tag, m.Selector = "", joinTag(tag, selector, negated)
	}
	if len(nets) == 1 {
		m.Net = nets[0].String()
	} else {
		m.Nets = textsOf(nets)
	}
	return m
}

// addPrefixed adds the fields of a match to a rule.
func addPrefixed(rule []byte, prefix string, match matchV1) ([]byte, error) {
	raw, err := rawjson.Encode(match)
	if err != nil {
		return nil, err
	}
	members, err := rawjson.Object(raw)
	for _, m := range members {
		if err == nil {
			rule, err = rawjson.Set(rule, prefix+m.Key, m.Value)
		}
	}
	return rule, err
}

func protocolV1(p Protocol) any {
	if p == "" {
		return nil
	}
	return numberOr(string(p), string(p))
}
