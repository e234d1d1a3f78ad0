package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
)

// The v1 rules document is what calicoctl 0.x stored and what "rule json" and
// "rule update" speak:
//
//	{"inbound_rules": [...], "outbound_rules": [...], "calicoctl": {...}}
//
// The last key is an [Origin], which calicoctl 0.x ignores.

// A PlaceError says where in a rules document something is wrong.
type PlaceError struct {
	Place string // such as inbound_rules[2].dst_ports[0]
	Msg   string
}

// Error begins with the place, if there is one.
func (e *PlaceError) Error() string {
	if e.Place == "" {
		return e.Msg
	}
	return e.Place + ": " + e.Msg
}

// ParseDocumentV1 reads a rules document of which every rule is to be written:
// both lists must be there, keys that are not known are refused, except the
// "id" of old files, and every rule must be one that Calico takes. What
// [ParseOriginV1] reads is left aside. The error is a *PlaceError.
func ParseDocumentV1(document []byte) (inbound, outbound []Rule, err error) {
	if !rawjson.Valid(document) {
		return nil, nil, &PlaceError{Msg: "it is not JSON: " + printable.Text(syntaxError(document))}
	}
	members, err := rawjson.Object(document)
	if err != nil {
		return nil, nil, &PlaceError{Msg: err.Error()}
	}
	if key, found := rawjson.Repeated(members, rawjson.Exact); found {
		return nil, nil, &PlaceError{Place: printable.Text(key), Msg: "the key stands twice"}
	}
	var lists [2][]Rule
	var seen [2]bool
	for _, m := range members {
		i := 0
		switch m.Key {
		case "id", originKey:
			continue
		case "inbound_rules":
		case "outbound_rules":
			i = 1
		default:
			return nil, nil, &PlaceError{Place: printable.Text(m.Key), Msg: "the key is not known"}
		}
		seen[i] = true
		if lists[i], err = parseListV1(m.Key, m.Value); err != nil {
			return nil, nil, err
		}
	}
	if !seen[0] || !seen[1] {
		return nil, nil, &PlaceError{Msg: "both inbound_rules and outbound_rules are needed; an empty list is []"}
	}
	return lists[0], lists[1], nil
}

func syntaxError(document []byte) string {
	var syntax *json.SyntaxError
	var anything any
	if err := json.Unmarshal(document, &anything); errors.As(err, &syntax) {
		line := 1 + bytes.Count(document[:min(int(syntax.Offset), len(document))], []byte("\n"))
		return fmt.Sprintf("line %d: %v", line, syntax)
	}
	return "unexpected end of the text"
}

func parseListV1(key string, value []byte) ([]Rule, error) {
	elements, err := rawjson.Array(value)
	if err != nil || string(value) == "null" {
		return nil, &PlaceError{Place: key, Msg: "expected a list of rules"}
	}
	if len(elements) > MaxStored {
		return nil, &PlaceError{Place: key, Msg: fmt.Sprintf("%d rules, more than any profile can hold", len(elements))}
	}
	list := make([]Rule, len(elements))
	for i, element := range elements {
		place := fmt.Sprintf("%s[%d]", key, i)
		if list[i], err = parseRuleV1(place, element); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func parseRuleV1(place string, raw []byte) (Rule, error) {
	members, err := rawjson.Object(raw)
	if err != nil || string(raw) == "null" {
		return Rule{}, &PlaceError{Place: place, Msg: "expected a rule, an object"}
	}
	for _, m := range members {
		if !isKeyV1(m.Key) {
			return Rule{}, &PlaceError{Place: place + "." + printable.Text(m.Key), Msg: "the key is not known"}
		}
		if isBlankV1(m.Value) {
			return Rule{}, &PlaceError{Place: place + "." + m.Key, Msg: "it is empty; without the key the rule matches everything"}
		}
		if field, isNet := strings.CutSuffix(m.Key, "_net"); isNet && rawjson.Get(members, field+"_nets") != nil {
			return Rule{}, &PlaceError{Place: place + "." + m.Key, Msg: "it cannot be combined with " + field + "_nets; give one of them"}
		}
	}
	stored := DecodeV1(raw)
	switch problems := Check(stored.Rule); {
	case len(stored.Problems) > 0: // begins with the key
		return Rule{}, problemAt(place, stored.Problems[0])
	case stored.Rule.Unsupported != "":
		return Rule{}, &PlaceError{Place: place, Msg: "the rule syntax does not support " + stored.Rule.Unsupported}
	case len(problems) > 0:
		return Rule{}, &PlaceError{Place: place + placeV1(problems[0], members), Msg: problems[0].Text}
	}
	return stored.Rule, nil
}

// isBlankV1 reports whether a value says nothing although its key is there: more
// likely a mistake of the program that made the document than a criterion to be
// left out, which would widen the rule. Only null is taken for absent.
func isBlankV1(value []byte) bool {
	return string(value) != "null" && isEmptyValue(value) ||
		rawjson.Kind(value) == "string" && strings.TrimSpace(stringOrNumber(value)) == ""
}

// problemAt makes the error for a problem of a stored rule, which begins with
// the key and the item of a list that it is about.
func problemAt(place, problem string) error {
	if key, msg, found := strings.Cut(problem, ": "); found && key != "rule" {
		key = strings.Replace(key, "_net[0]", "_net", 1) // a single address is no list
		return &PlaceError{Place: place + "." + key, Msg: msg}
	}
	return &PlaceError{Place: place, Msg: problem}
}

// isKeyV1 reports whether a key may stand in a rule.
func isKeyV1(key string) bool {
	if key == "action" || key == "ip_version" {
		return true
	}
	key = strings.TrimPrefix(key, "!")
	switch key {
	case "protocol", "icmp_type", "icmp_code":
		return true
	}
	side, field, _ := strings.Cut(key, "_")
	if side != "src" && side != "dst" {
		return false
	}
	switch field {
	case "tag", "net", "nets", "selector", "ports":
		return true
	}
	return false
}

// placeV1 returns the key, and the item of a list, that a problem is about.
func placeV1(problem Problem, members []rawjson.Member) string {
	key := keyV1(problem.criterion)
	for _, other := range []string{strings.Replace(key, "_nets", "_net", 1), "!" + key} {
		if rawjson.Get(members, key) == nil && rawjson.Get(members, other) != nil {
			key = other
		}
	}
	switch value := rawjson.Get(members, key); {
	case value == nil:
		return "" // such as ports without a protocol
	case problem.Item >= 0 && rawjson.Kind(value) == "array":
		return fmt.Sprintf(".%s[%d]", key, problem.Item)
	}
	return "." + key
}

func keyV1(c criterion) string {
	if c < fromSide {
		return [...]string{"action", "ip_version", "protocol", "!protocol", "icmp_type", "icmp_code"}[c]
	}
	prefix, offset := "src_", c-fromSide
	if c >= toSide {
		prefix, offset = "dst_", c-toSide
	}
	if offset > notOffset {
		prefix, offset = "!"+prefix, offset-notOffset
	}
	if offset == 0 {
		return prefix
	}
	return prefix + entityCriteria()[offset-1].keyV1
}

// FormatDocumentV1 returns the rules document with two blanks of indentation, and
// with its origin, if that is not nil. The error is a *UnsupportedError when a rule has
// criteria that v1 cannot hold.
func FormatDocumentV1(inbound, outbound []Rule, origin *Origin) ([]byte, error) {
	var document struct {
		Inbound  []json.RawMessage `json:"inbound_rules"`
		Outbound []json.RawMessage `json:"outbound_rules"`
		Origin   *Origin           `json:"calicoctl,omitempty"`
	}
	document.Origin = origin
	var err error
	if document.Inbound, err = encodeListV1(inbound); err != nil {
		return nil, err
	}
	if document.Outbound, err = encodeListV1(outbound); err != nil {
		return nil, err
	}
	raw, err := rawjson.Encode(document)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, raw, "", "  ")
	out.WriteByte('\n')
	return out.Bytes(), err
}

func encodeListV1(list []Rule) ([]json.RawMessage, error) {
	out := make([]json.RawMessage, len(list))
	for i, r := range list {
		stored, err := EncodeV1(r)
		if err != nil {
			return nil, err
		}
		out[i] = stored.JSON
	}
	return out, nil
}
