package rules

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
)

// A decoder collects what a stored rule says. Whatever it cannot put into
// words goes to beyond, and if Calico would not take it either, to problems.
type decoder struct {
	rule     Rule
	beyond   []string // criteria outside of the entities
	ends     [2]beyondEnd
	problems []string

	portNames bool // whether a port may be a name

	oddities []Oddity
	matched  bool // whether there is an unsupported field that a packet must match
}

// A beyondEnd holds the criteria without words of one entity.
type beyondEnd struct {
	word  string
	items []string
}

func newDecoder() *decoder {
	return &decoder{ends: [2]beyondEnd{{word: "from"}, {word: "to"}}}
}

// stored returns the result for a rule that was written as raw.
func (d *decoder) stored(raw []byte) Stored {
	var parts []string
	for _, end := range d.ends {
		if len(end.items) > 0 {
			parts = append(parts, end.word+" "+strings.Join(end.items, " "))
		}
	}
	d.rule.Unsupported = strings.Join(append(parts, d.beyond...), " ")
	return Stored{Rule: d.rule, JSON: raw, Problems: d.problems, Oddities: d.oddities, NoCriteria: !d.matched && len(d.problems) == 0}
}

// invalid returns the result for what is no JSON.
func (d *decoder) invalid(raw []byte) Stored {
	d.beyond = append(d.beyond, "rule "+printable.Quote(string(raw)))
	d.problems = append(d.problems, "rule: it is not JSON")
	return d.stored(raw)
}

// without notes a criterion without words. An absent value says nothing; an
// empty object may.
func (d *decoder) without(into *[]string, key string, value []byte) {
	if !isEmptyValue(value) || rawjson.Kind(value) == "object" {
		*into = append(*into, spellOut(key, value))
		d.matched = d.matched || !strings.EqualFold(key, "metadata")
	}
}

// odd notes a value that Felix reads in its own way. What it ignores of it is shown, but
// is no criterion.
func (d *decoder) odd(key, why string, noTag bool) {
	d.oddities = append(d.oddities, Oddity{Text: printable.Text(key) + ": " + why, NoTag: noTag})
}

// wrong notes a criterion whose value Calico does not take.
func (d *decoder) wrong(into *[]string, key string, value []byte, why string) {
	*into = append(*into, spellOut(key, value))
	d.problems = append(d.problems, printable.Text(key)+": "+why)
}

// wrongItem is wrong for one item of a list.
func (d *decoder) wrongItem(into *[]string, key string, item int, value []byte, why string) {
	*into = append(*into, spellOut(key, value))
	d.problems = append(d.problems, printable.Text(key)+"["+strconv.Itoa(item)+"]: "+why)
}

// members returns the members of an object; a key that stands twice makes the
// whole object unreadable, because programs disagree which one counts.
func (d *decoder) members(into *[]string, key string, value []byte) []rawjson.Member {
	members, err := rawjson.Object(value)
	if err != nil {
		d.wrong(into, key, value, err.Error())
		return nil
	}
	if repeated, found := rawjson.Repeated(members, rawjson.Fold); found {
		d.wrong(into, key, value, "the key "+printable.Quote(repeated)+" stands twice")
		return nil
	}
	return members
}

// protocol reads the name or number of a protocol.
func (d *decoder) protocol(key string, value []byte, into *Protocol) {
	if isEmptyValue(value) {
		return
	}
	p, ok := parseProtocol(stringOrNumber(value))
	if !ok {
		d.wrong(&d.beyond, key, value, printable.Text(string(value))+" is not a protocol")
		return
	}
	*into = p
	if d.portNames && rawjson.Kind(value) == "string" && !isProtocolV3(stringOrNumber(value)) {
		d.odd(key, printable.Text(string(value))+" is not spelled as upstream's API has it; Felix takes no tags from such a profile", true)
	}
}

func (d *decoder) ipVersion(key string, value []byte) {
	switch string(value) {
	case "null":
	case "4":
		d.rule.IPVersion = 4
	case "6":
		d.rule.IPVersion = 6
	default:
		d.wrong(&d.beyond, key, value, "neither 4 nor 6")
	}
}

// small reads a number from 0 to 255.
func small(value []byte) (n int, ok bool) {
	n, ok = decimal(string(value))
	return n, ok && n <= 255
}

// ports reads a list of numbers and of strings such as "1000:2000". A list in
// which anything else stands, such as the name of a port, has no words.
func (d *decoder) ports(end *[]string, key string, value []byte, into *[]PortRange) {
	elements, err := rawjson.Array(value)
	if err != nil {
		d.wrong(end, key, value, err.Error())
		return
	}
	list := make([]PortRange, 0, len(elements))
	for i, element := range elements {
		port, known := storedPorts(element)
		if known {
			list = append(list, port)
			continue
		}
		if d.portNames && rawjson.Kind(element) == "string" && isPortName(stringOrNumber(element)) {
			d.without(end, key, value)
		} else {
			d.wrongItem(end, key, i, value, printable.Text(string(element))+" is not a port")
		}
		return
	}
	if len(list) > 0 {
		*into = list
	}
}

// storedPorts reads one element. A range is written with a colon; "1000-2000"
// is the name of a port to Calico.
func storedPorts(element []byte) (PortRange, bool) {
	text := stringOrNumber(element)
	if strings.Contains(text, "-") {
		return PortRange{}, false
	}
	ports, problem := parsePorts(text)
	return ports, problem == ""
}

// isPortName reports whether Felix takes text for the name of an endpoint's port: at
// most 15 lower-case letters, digits and single hyphens inside, one of them a letter.
func isPortName(text string) bool {
	letters := strings.ContainsFunc(text, func(r rune) bool { return 'a' <= r && r <= 'z' })
	wrong := strings.ContainsFunc(text, func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return letters && !wrong && len(text) <= 15 && !strings.Contains(text, "--") && strings.Trim(text, "-") == text
}

// nets reads a list of prefixes.
func (d *decoder) nets(end *[]string, key string, value []byte, into *[]netip.Prefix) {
	elements, err := rawjson.Array(value)
	if err != nil {
		d.wrong(end, key, value, err.Error())
		return
	}
	ignored := 0
	list := make([]netip.Prefix, 0, len(elements)+len(*into))
	list = append(list, *into...)
	for i, element := range elements {
		net, problem := parseNet(stringOrNumber(element))
		text := stringOrNumber(element)
		switch {
		case rawjson.Kind(element) != "string" || problem != "" && !d.portNames:
			d.wrongItem(end, key, i, value, printable.Text(string(element))+" is not an address or prefix")
			return
		case problem != "":
			ignored++
			d.odd(key+"["+strconv.Itoa(i)+"]", printable.Text(string(element))+" is not an address or prefix", true)
			continue
		case d.portNames && !strings.Contains(text, "/"):
			d.odd(key+"["+strconv.Itoa(i)+"]", printable.Text(string(element))+" has no prefix length; Felix takes no tags from such a profile", true)
		}
		list = append(list, net)
	}
	if ignored > 0 {
		d.ignoredNets(end, key, value, len(list) == 0)
	}
	if len(list) > 0 {
		*into = list
	}
}

// ignoredNets says that Felix ignores items of a list that are no addresses.
func (d *decoder) ignoredNets(end *[]string, key string, value []byte, all bool) {
	*end = append(*end, spellOut(key, value))
	last := &d.oddities[len(d.oddities)-1]
	if all {
		last.Text += "; Felix ignores the list, so that the rule matches every address, and takes no tags from the profile"
		return
	}
	last.Text += "; Felix ignores it, and takes no tags from the profile"
}

// text reads a string.
func (d *decoder) text(end *[]string, key string, value []byte, into *string) {
	switch rawjson.Kind(value) {
	case "null":
	case "string":
		*into = stringOrNumber(value)
	default:
		d.wrong(end, key, value, "not a string")
	}
}

// stringOrNumber returns the content of a string, and a number as it is
// written; for anything else text that is neither a port nor a protocol.
func stringOrNumber(value []byte) string {
	if rawjson.Kind(value) != "string" {
		return string(value)
	}
	if s := value[1 : len(value)-1]; printable.IsPlain(string(s)) && !strings.Contains(string(s), `\`) {
		return string(s)
	}
	var s string
	_ = json.Unmarshal(value, &s) // valid JSON, and a string
	return s
}

// isEmptyValue reports whether a value is what Go programs write for an absent
// one.
func isEmptyValue(value []byte) bool {
	switch string(value) {
	case "null", `""`, "[]", "{}":
		return true
	}
	return false
}

// spellOut returns a criterion without words as text for Rule.Unsupported.
func spellOut(key string, value []byte) string {
	var out strings.Builder
	out.WriteString(bareOrQuoted(key))
	out.WriteByte(' ')
	if key == "http" && spellHTTP(&out, value) {
		return out.String()
	}
	spellValue(&out, value, 0)
	return out.String()
}

// maxSpelled bounds how deep a value is spelled out; deeper it stays JSON.
const maxSpelled = 3

func spellValue(out *strings.Builder, value []byte, depth int) {
	if depth == maxSpelled {
		out.WriteString(printable.Text(string(value)))
		return
	}
	switch rawjson.Kind(value) {
	case "string":
		out.WriteString(bareOrQuoted(stringOrNumber(value)))
	case "array":
		elements, _ := rawjson.Array(value)
		if len(elements) == 0 {
			out.WriteString("[]")
		}
		for i, element := range elements {
			if i > 0 {
				out.WriteByte(',')
			}
			spellValue(out, element, depth+1)
		}
	case "object":
		members, _ := rawjson.Object(value)
		if len(members) == 0 {
			out.WriteString("{}")
		}
		for i, m := range members {
			if i > 0 {
				out.WriteByte(' ')
			}
			out.WriteString(bareOrQuoted(m.Key) + " ")
			spellValue(out, m.Value, depth+1)
		}
	default:
		out.Write(bytes.TrimSpace(value))
	}
}

// spellHTTP writes a match on HTTP requests the way a request is written:
// "GET,PUT /health,/v1/*". It reports whether that says all of it.
func spellHTTP(out *strings.Builder, value []byte) bool {
	var match struct {
		Methods []string
		Paths   []map[string]string
	}
	members, err := rawjson.Object(value)
	if err != nil || json.Unmarshal(value, &match) != nil {
		return false
	}
	for _, m := range members {
		if m.Key != "methods" && m.Key != "paths" {
			return false
		}
	}
	var parts, paths []string
	for _, p := range match.Paths {
		exact, isExact := p["exact"]
		prefix, isPrefix := p["prefix"]
		switch {
		case len(p) == 1 && isExact && !strings.HasSuffix(exact, "*"):
			paths = append(paths, bareOrQuoted(exact))
		case len(p) == 1 && isPrefix:
			paths = append(paths, bareOrQuoted(prefix+"*"))
		default:
			return false
		}
	}
	if len(match.Methods) > 0 {
		methods := make([]string, len(match.Methods))
		for i, m := range match.Methods {
			methods[i] = bareOrQuoted(m)
		}
		parts = append(parts, strings.Join(methods, ","))
	}
	if len(paths) > 0 {
		parts = append(parts, strings.Join(paths, ","))
	}
	out.WriteString(strings.Join(parts, " "))
	return len(parts) > 0
}

// bareOrQuoted returns text as it is if that cannot be mistaken.
func bareOrQuoted(text string) string {
	if text == "" || !printable.IsPlain(text) || strings.ContainsAny(text, ` ,"[]`) {
		return printable.Quote(text)
	}
	if _, err := strconv.Unquote(`"` + text + `"`); err != nil { // a backslash
		return printable.Quote(text)
	}
	return text
}
