package rules_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

func TestDocumentV1(t *testing.T) {
	t.Parallel()
	var all []string
	for _, v := range readVectors[ruleVector](t, "rules-v1.json") {
		if v.CodecOnly == "" {
			all = append(all, string(v.Rule))
		}
	}
	document := `{"id":"databases","outbound_rules":[],"inbound_rules":[` + strings.Join(all, ",") + `]}`
	inbound, outbound, err := rules.ParseDocumentV1([]byte(document))
	if err != nil || len(inbound) != len(all) || len(outbound) != 0 {
		t.Fatalf("%d and %d rules, %v", len(inbound), len(outbound), err)
	}
	text, err := rules.FormatDocumentV1(inbound, outbound, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := rules.ParseDocumentV1(text)
	if diff := cmp.Diff(inbound, again, compareNets); diff != "" || err != nil {
		t.Errorf("json after update (-want +got), %v:\n%s", err, diff)
	}
}

func TestDocumentV1Text(t *testing.T) {
	t.Parallel()
	rule, err := rules.ParseLine(`pass tcp from tag a cidr 10.0.0.0/8,10.1.0.0/16 not tag b to ports 80,1000:2000`, rules.AsNew)
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "inbound_rules": [
    {
      "action": "next-tier",
      "protocol": "tcp",
      "src_tag": "a",
      "src_nets": [
        "10.0.0.0/8",
        "10.1.0.0/16"
      ],
      "!src_tag": "b",
      "dst_ports": [
        80,
        "1000:2000"
      ]
    }
  ],
  "outbound_rules": []
}
`
	got, err := rules.FormatDocumentV1([]rules.Rule{rule}, nil, nil)
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Errorf("(-want +got), %v:\n%s", err, diff)
	}
}

func TestDocumentV1Errors(t *testing.T) {
	t.Parallel()
	in := func(rule string) string { return `{"inbound_rules":[{},` + rule + `],"outbound_rules":[]}` }
	for document, want := range map[string]string{
		"":                                     "it is not JSON: line 1: unexpected end of JSON input",
		"{\n\"inbound_rules\": x}":             "it is not JSON: line 2: invalid character 'x' looking for beginning of value",
		"[]":                                   "expected an object, got an array",
		`{"inbound_rules":[]}`:                 "both inbound_rules and outbound_rules are needed; an empty list is []",
		`{"inbound_rules":1}`:                  "inbound_rules: expected a list of rules",
		`{"inbound_rules":null}`:               "inbound_rules: expected a list of rules",
		`{"rules":[]}`:                         "rules: the key is not known",
		`{"id":1,"id":2}`:                      "id: the key stands twice",
		in(`7`):                                "inbound_rules[1]: expected a rule, an object",
		in(`null`):                             "inbound_rules[1]: expected a rule, an object",
		in(`{"src_port":1}`):                   "inbound_rules[1].src_port: the key is not known",
		in(`{"!action":"deny"}`):               "inbound_rules[1].!action: the key is not known",
		in(`{"action":"alow"}`):                `inbound_rules[1].action: "alow" is not an action`,
		in(`{"action":"deny","action":"log"}`): `inbound_rules[1]: rule: the key "action" stands twice`,
		in(`{"protocol":"tcp","dst_ports":[80,70000]}`): "inbound_rules[1].dst_ports[1]: 70000 is not a port",
		in(`{"protocol":"tcp","dst_ports":[80,0]}`):     "inbound_rules[1].dst_ports[1]: port 0 makes Felix drop all traffic of the profile (1 to 65535)",
		in(`{"protocol":"tcp","dst_ports":["http"]}`):   `inbound_rules[1].dst_ports[0]: "http" is not a port`,
		in(`{"action":"null"}`):                         `inbound_rules[1].action: "null" is not an action`,
		in(`{"action":""}`):                             "inbound_rules[1].action: it is empty; without the key the rule matches everything",
		in(`{"src_tag":""}`):                            "inbound_rules[1].src_tag: it is empty; without the key the rule matches everything",
		in(`{"src_nets":[]}`):                           "inbound_rules[1].src_nets: it is empty; without the key the rule matches everything",
		in(`{"src_selector":"  "}`):                     "inbound_rules[1].src_selector: it is empty; without the key the rule matches everything",
		in(`{"protocol":{}}`):                           "inbound_rules[1].protocol: it is empty; without the key the rule matches everything",
		in(`{"src_net":"::/8","src_nets":["::/9"]}`):    "inbound_rules[1].src_net: it cannot be combined with src_nets; give one of them",
		in(`{"protocol":"icmp","!icmp_type":255}`):      "inbound_rules[1].!icmp_type: type 255 cannot be programmed (0 to 254)",
		in(`{"dst_ports":[80]}`):                        "inbound_rules[1].dst_ports: ports need the protocol tcp, udp or sctp in the rule",
		in(`{"src_net":"10.0.0.0/33"}`):                 `inbound_rules[1].src_net: "10.0.0.0/33" is not an address or prefix`,
		in(`{"src_net":"::ffff:10.0.0.0/104"}`):         "inbound_rules[1].src_net: ::ffff:10.0.0.0/104 is an IPv4 address written as IPv6, which upstream's API rejects; write 10.0.0.0/8, as Felix reads it",
		in(`{"src_nets":["10.0.0.0/8","::/1"]}`):        "inbound_rules[1].src_nets[1]: ::/1 is IPv6, but 10.0.0.0/8 is IPv4",
		in(`{"src_selector":"a =="}`):                   "inbound_rules[1].src_selector: selector, character 5: expected a string in quotes, got the end",
		in(`{"src_tag":"a b"}`):                         `inbound_rules[1].src_tag: "a b" is not the name of a tag`,
		in(`{"icmp_type":8}`):                           "inbound_rules[1].icmp_type: a message type without the protocol icmp or icmpv6 makes Felix crash",
		in(`{"icmp_code":8}`):                           "inbound_rules[1].icmp_code: a code needs a type",
		in(`{"protocol":"icmp","icmp_type":"8"}`):       "inbound_rules[1].icmp_type: not a number from 0 to 255",
		in(`{"protocol":"tcp","!protocol":"udp"}`):      "inbound_rules[1]: the rule syntax does not support not udp",
		in(`{"ip_version":5}`):                          "inbound_rules[1].ip_version: neither 4 nor 6",
		in(`{"ip_version":4,"protocol":"icmpv6"}`):      "inbound_rules[1].protocol: icmpv6 is IPv6, but ipversion 4 is IPv4",
	} {
		_, _, err := rules.ParseDocumentV1([]byte(document))
		if err == nil || err.Error() != want {
			t.Errorf("%s:\n  %v, want\n  %s", document, err, want)
		}
	}
}

// FuzzDocumentV1 proves that json after update gives the same rules.
func FuzzDocumentV1(f *testing.F) {
	for _, v := range readVectors[ruleVector](f, "rules-v1.json") {
		f.Add([]byte(`{"inbound_rules":[` + string(v.Rule) + `],"outbound_rules":[]}`))
	}
	f.Add([]byte(`{"inbound_rules":[{"!src_selector":"(a == 'b') || c == ''"}],"outbound_rules":[]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		inbound, outbound, err := rules.ParseDocumentV1(document)
		if err != nil {
			if err.Error() != printable.Text(err.Error()) {
				t.Fatalf("not printable: %q", err)
			}
			return
		}
		text, err := rules.FormatDocumentV1(inbound, outbound, nil)
		if err != nil || !json.Valid(text) {
			t.Fatalf("%s: %v", text, err)
		}
		in, out, err := rules.ParseDocumentV1(text)
		if err != nil || !sameLists(inbound, in) || !sameLists(outbound, out) {
			t.Fatalf("%s becomes %s, %v", document, text, err)
		}
	})
}

func sameLists(a, b []rules.Rule) bool {
	for i := range a {
		if len(a) != len(b) || !rules.Equal(a[i], b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}
