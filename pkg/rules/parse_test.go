package rules_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// Right rules: words as a shell gives them (split at ; so that one may hold
// blanks), the canonical text, and the v3 JSON.
var rightRules = []struct{ words, text, v3 string }{
	{"allow", "allow", `{"action":"Allow"}`},
	{"next-tier", "pass", `{"action":"Pass"}`},
	{"log;ipversion;6", "log ipversion 6", `{"action":"Log","ipVersion":6}`},
	{"allow;TCP", "allow tcp", `{"action":"Allow","protocol":"TCP"}`},
	{"deny;ICMPv6;type;128", "deny icmpv6 type 128", `{"action":"Deny","protocol":"ICMPv6","icmp":{"type":128}}`},
	{"deny;udplite", "deny udplite", `{"action":"Deny","protocol":"UDPLite"}`},
	{"deny;47", "deny 47", `{"action":"Deny","protocol":47}`},
	{"deny;not;tcp", "deny not tcp", `{"action":"Deny","notProtocol":"TCP"}`},
	{"deny;!6", "deny not 6", `{"action":"Deny","notProtocol":6}`},
	{
		"deny;icmp;!type;8;code;0", "deny icmp not type 8 code 0",
		`{"action":"Deny","protocol":"ICMP","notICMP":{"type":8,"code":0}}`,
	},
	{
		"allow;tcp;from;tag;applications;to;ports;3306", "allow tcp from tag applications to ports 3306",
		`{"action":"Allow","protocol":"TCP","source":{"selector":"has(applications)"},"destination":{"ports":[3306]}}`,
	},
	{
		"allow;tcp;to;ports;80,1000-2000,90:90", "allow tcp to ports 80,1000:2000,90",
		`{"action":"Allow","protocol":"TCP","destination":{"ports":[80,"1000:2000",90]}}`,
	},
	{
		"allow;from;10.1.2.3,172.16.5.7/12", "allow from cidr 10.1.2.3/32,172.16.0.0/12",
		`{"action":"Allow","source":{"nets":["10.1.2.3/32","172.16.0.0/12"]}}`,
	},
	{
		"allow;udp;from;cidr;10.0.0.0/8;!ports;53;tag;x;not;10.1.0.0/16;ports;1;!tag;y",
		"allow udp from ports 1 tag x cidr 10.0.0.0/8 not ports 53 not tag y not cidr 10.1.0.0/16",
		`{"action":"Allow","protocol":"UDP","source":{"nets":["10.0.0.0/8"],"selector":"has(x)","ports":[1],` +
			`"notNets":["10.1.0.0/16"],"notSelector":"has(y)","notPorts":[53]}}`,
	},
	{
		"allow;from;selector;role == 'a b';tag;x;not;selector;has(p) && has(q);not;tag;y",
		`allow from tag x selector "role == 'a b'" not tag y not selector "has(p) && has(q)"`,
		`{"action":"Allow","source":{"selector":"(role == 'a b') && has(x)","notSelector":"(has(p) && has(q)) || has(y)"}}`,
	},
	{"allow;from;selector;has( x )", "allow from tag x", `{"action":"Allow","source":{"selector":"has(x)"}}`},
	{
		"allow;from;selector;( a == 'b' ) && has(x)", `allow from tag x selector "a == 'b'"`,
		`{"action":"Allow","source":{"selector":"(a == 'b') && has(x)"}}`,
	},
	{
		"allow;from;selector;a == 'b' && has(x)", `allow from selector "a == 'b' && has(x)"`,
		`{"action":"Allow","source":{"selector":"a == 'b' && has(x)"}}`,
	},
	{
		"allow;from;selector;(a == 'b') || has(x)", `allow from selector "(a == 'b') || has(x)"`,
		`{"action":"Allow","source":{"selector":"(a == 'b') || has(x)"}}`,
	},
	{
		"allow;from;not;selector;(a == 'b') || has(x)", `allow from not tag x not selector "a == 'b'"`,
		`{"action":"Allow","source":{"notSelector":"(a == 'b') || has(x)"}}`,
	},
	{
		"allow;from;tag;x;selector;has(y)", `allow from tag x selector "has(y)"`,
		`{"action":"Allow","source":{"selector":"(has(y)) && has(x)"}}`,
	},
	{
		"allow;from;selector;has(example.com/role)", `allow from selector "has(example.com/role)"`,
		`{"action":"Allow","source":{"selector":"has(example.com/role)"}}`,
	},
	{`allow;from;tag;"to";to;tag;"x"`, `allow from tag "to" to tag x`, `{"action":"Allow","source":{"selector":"has(to)"},"destination":{"selector":"has(x)"}}`},
	{"allow;from;tag;ports.", "allow from tag ports.", `{"action":"Allow","source":{"selector":"has(ports.)"}}`},
	{
		"allow;from;tag;" + networkID, "allow from tag " + networkID,
		`{"action":"Allow","source":{"selector":"has(` + networkID + `/tag)"}}`,
	},
	{
		"deny;132;to;ports;9", "deny 132 to ports 9",
		`{"action":"Deny","protocol":132,"destination":{"ports":[9]}}`,
	},
	{
		"deny;not;icmp;from;2001:DB8::1/64", "deny not icmp from cidr 2001:db8::/64",
		`{"action":"Deny","notProtocol":"ICMP","source":{"nets":["2001:db8::/64"]}}`,
	},
}

func TestExcerptIsShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 100_000)
	for _, words := range [][]string{
		{"allow", "from", "selector", long},
		{"allow", long, "tcp"},
		{"allow", "from", "tag", "a", "x", long},
		append([]string{long}, "allow"),
	} {
		_, err := rules.ParseWords(words, rules.AsNew)
		var wrong *rules.ParseError
		if !errors.As(err, &wrong) || len(wrong.Excerpt("calicoctl: ")) > 4000 {
			t.Errorf("%d bytes for a mistake in %d words", len(wrong.Excerpt("")), len(words))
		}
	}
}

// What looks like a negation but is none must not be read as if it were not
// there: the rule would say the opposite.
func TestNegationIsNeverLost(t *testing.T) {
	t.Parallel()
	for _, words := range []string{
		"deny from cidr !10.0.0.0/8", "deny from !cidr !192.168.0.0/16", "deny from not !fe80::/10",
		"deny from not cidr !fe80::/10", "deny from 10.0.0.0/8,!10.1.0.0/16", "deny from tag !x", "deny tcp to ports !80",
	} {
		if r, err := rules.ParseWords(strings.Fields(words), rules.AsNew); err == nil {
			t.Errorf("%s is read as %s", words, rules.Format(r))
		}
		if r, err := rules.ParseLine(words, rules.AsStored); err == nil {
			t.Errorf("%s is read as %s", words, rules.Format(r))
		}
	}
	for _, words := range []string{"deny from !10.0.0.0/8", "deny from not 10.0.0.0/8", "deny from !cidr 10.0.0.0/8"} {
		r, err := rules.ParseWords(strings.Fields(words), rules.AsNew)
		if err != nil || rules.Format(r) != "deny from not cidr 10.0.0.0/8" {
			t.Errorf("%s is read as %s, %v", words, rules.Format(r), err)
		}
	}
}

// Felix treats an IPv4 address in IPv6 form as no address at all, and a tag that
// no profile can carry matches nobody.
func TestRefusedAsNew(t *testing.T) {
	t.Parallel()
	for _, words := range []string{
		"allow from ::ffff:10.0.0.0/8", "allow from ::ffff:0:0/0", "allow from ::ffff:1.2.3.4/64", "allow from ::ffff:0:0/90",
		"allow from ::ffff:1.2.3.4", "allow from tag " + strings.Repeat("a", 254), "allow from tag " + strings.Repeat("a", 600),
		"allow from tag " + strings.Repeat("A", 64), "deny from not tag " + strings.Repeat("a", 2000),
	} {
		if r, err := rules.ParseWords(strings.Fields(words), rules.AsNew); err == nil {
			t.Errorf("%.60s is read as %.60s", words, rules.Format(r))
		}
	}
	if len(rules.Check(rules.Rule{Action: rules.Allow, From: rules.Entity{Tag: rules.Tag{Name: "x) || (all()"}}})) == 0 {
		t.Error("a tag that is no name passes the check")
	}
}

const networkID = "5c0bf21b4a7e0d8c8a6e4b6d8f4a0c1e2d3f4a5b6c7d8e9f0a1b2c3d4e5f6a7b"

func TestRightRules(t *testing.T) {
	t.Parallel()
	for _, test := range rightRules {
		r, err := rules.ParseWords(strings.Split(test.words, ";"), rules.AsNew)
		if err != nil {
			t.Errorf("%s: %v", test.words, err)
			continue
		}
		if got := rules.Format(r); got != test.text {
			t.Errorf("%s: text\n  %s, want\n  %s", test.words, got, test.text)
		}
		stored, err := rules.EncodeV3(r)
		if err != nil || string(stored.JSON) != test.v3 {
			t.Errorf("%s: v3\n  %s, %v, want\n  %s", test.words, stored.JSON, err, test.v3)
		}
		decoded := rules.DecodeV3([]byte(test.v3))
		if diff := cmp.Diff(r, decoded.Rule, compareNets); diff != "" || len(decoded.Invalid()) > 0 {
			t.Errorf("%s: decoded (-want +got):\n%s%q", test.words, diff, decoded.Invalid())
		}
		if line, err := rules.ParseLine(test.text, rules.AsNew); err != nil || !cmp.Equal(r, line, compareNets) {
			t.Errorf("%s: the text is read as %+v, %v", test.text, line, err)
		}
	}
}

// What other programs wrote is shown, whatever it is, and says what is wrong.
func TestStoredRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ v3, text, invalid string }{
		{`{"action":"allow","Protocol":"tcp"}`, "allow tcp", `Protocol: "tcp" is not spelled as upstream's API has it; Felix takes no tags from such a profile`},
		{`{"action":"Allow","protocol":"6"}`, "allow 6", ""},
		{`{"action":"Allow","source":{},"destination":null,"icmp":{},"http":null}`, "allow", ""},
		{`{"action":"Allow","source":{"selector":"web == ''"}}`, "allow from tag web", ""},
		{`{"action":"Allow","source":{"selector":"(a == 'b') && web == ''"}}`, `allow from tag web selector "a == 'b'"`, ""},
		{`{"action":"Allow","source":{"nets":["10.1.2.3/8","1.2.3.4"]}}`, "allow from cidr 10.0.0.0/8,1.2.3.4/32", `nets[1]: "1.2.3.4" has no prefix length; Felix takes no tags from such a profile`},
		{
			`{"action":"Allow","source":{"selector":"a == \"\u001b[31m\""}}`, `allow from selector "a == \"\x1b[31m\""`, "",
		},
		{`{"action":"Alow","protocol":"TCP"}`, "tcp [action Alow]", `action: "Alow" is not an action (allow, deny, log, pass); Felix panics on it`},
		{`{"protocol":"TCP"}`, "tcp [action none]", "action: a rule needs an action; without, Felix allows what it matches"},
		{`{"action":"Allow","action":"Deny"}`, `[rule action Allow action Deny]`, `rule: the key "action" stands twice`},
		{`7`, `[rule 7]`, "rule: expected an object, got a number"},
		{`{"action":"Allow","protocol":"TCP","destination":{"ports":[0]}}`, "allow tcp to ports 0", "to ports: port 0 makes Felix drop all traffic of the profile (1 to 65535)"},
		{`{"action":"Allow","protocol":"TCP","destination":{"ports":[70000]}}`, "allow tcp [to ports 70000]", "ports[0]: 70000 is not a port"},
		{`{"action":"Allow","protocol":"TCP","destination":{"ports":[-1]}}`, "allow tcp [to ports -1]", "ports[0]: -1 is not a port"},
		{`{"action":"Allow","protocol":"TCP","destination":{"ports":["80-90",443]}}`, "allow tcp [to ports 80-90,443]", `ports[0]: "80-90" is not a port`},
		{`{"action":"Allow","destination":{"ports":[80]}}`, "allow to ports 80", "to ports: ports need the protocol tcp, udp or sctp in the rule"},
		{`{"action":"Deny","icmp":{"type":8}}`, "deny type 8", "type: a message type without the protocol icmp or icmpv6 makes Felix crash"},
		{`{"action":"Deny","protocol":"ICMP","icmp":{"type":255}}`, "deny icmp type 255", "type: type 255 cannot be programmed (0 to 254)"},
		{`{"action":"Deny","protocol":"ICMP","icmp":{"code":3}}`, "deny icmp [icmp code 3]", "icmp: a code needs a type; Felix ignores the code, so that the rule matches every message"},
		{`{"action":"Deny","protocol":"ICMP","icmp":{"type":300}}`, "deny icmp [icmp type 300]", "icmp: type is not a number from 0 to 255"},
		{`{"action":"Deny","protocol":"TCP","notProtocol":"UDP"}`, "deny tcp [not udp]", ""},
		{
			`{"action":"Deny","protocol":"ICMP","icmp":{"type":8},"notICMP":{"type":9,"code":1}}`,
			"deny icmp type 8 [not type 9 code 1]", "",
		},
		{`{"action":"Allow","ipVersion":5}`, "allow [ipVersion 5]", "ipVersion: neither 4 nor 6"},
		{`{"action":"Allow","protocol":"FOO"}`, "allow [protocol FOO]", `protocol: "FOO" is not a protocol`},
		{`{"action":"Allow","source":{"nets":["10.0.0.0/33"]}}`, "allow [from nets 10.0.0.0/33]", `nets[0]: "10.0.0.0/33" is not an address or prefix; Felix ignores the list, so that the rule matches every address, and takes no tags from the profile`},
		{`{"action":"Allow","source":{"selector":"a == b"}}`, `allow from selector "a == b"`, `from selector: selector, character 6: expected a string in quotes, got "b"`},
		{`{"action":"Allow","source":{"selector":7}}`, `allow [from selector 7]`, `selector: not a string`},
		{`{"action":"Allow","http":{"methods":["GET"],"paths":[{"exact":"/foo"}]}}`, "allow [http GET /foo]", ""},
		{`{"action":"Allow","http":{"methods":["GET"],"new":1}}`, "allow [http methods GET new 1]", ""},
		{`{"action":"Allow","http":{},"source":{"services":{}}}`, "allow [from services {} http {}]", ""},
		{`{"action":"Allow","future":{"a":[1,{"b":["\u001b"]}]}}`, `allow [future a 1,b ["\u001b"]]`, ""},
		{`{"action":"Allow","\u001b]0;x":"y"}`, `allow ["\x1b]0;x" y]`, ""},
	} {
		s := rules.DecodeV3([]byte(test.v3))
		if got := rules.Format(s.Rule); got != test.text {
			t.Errorf("%s: text\n  %s, want\n  %s", test.v3, got, test.text)
		}
		if got := strings.Join(s.Invalid(), "; "); got != test.invalid {
			t.Errorf("%s: invalid\n  %s, want\n  %s", test.v3, got, test.invalid)
		}
		if _, err := rules.EncodeV3(s.Rule); (err == nil) != (s.Rule.Unsupported == "") {
			t.Errorf("%s: encoded anew: %v", test.v3, err)
		}
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	line := func(text string) rules.Rule {
		r, err := rules.ParseLine(text, rules.AsStored)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	v3 := func(raw string) rules.Rule { return rules.DecodeV3([]byte(raw)).Rule }
	for _, test := range []struct {
		a, b rules.Rule
		want bool
	}{
		{line("allow tcp to ports 80,443"), line("allow tcp to ports 443,80,80"), true},
		{line("allow from 10.0.0.0/8,1.2.3.4"), line("allow from cidr 1.2.3.4/32,10.9.9.9/8"), true},
		{line("allow tcp to ports 80"), line("allow tcp to ports 81"), false},
		{line("allow tcp to ports 80"), line("allow tcp from ports 80"), false},
		{line("allow tcp"), line("allow 6"), false},
		{line("allow from tag web"), v3(`{"action":"Allow","source":{"selector":"has(web)"}}`), true},
		{line("allow from tag web"), v3(`{"action":"Allow","source":{"selector":"web == ''"}}`), false},
		{
			line(`allow from selector "web == ''"`), v3(`{"action":"Allow","source":{"selector":"web == \"\""}}`), true,
		},
		{line("allow from tag web"), v3(`{"action":"Allow","source":{"selector":"has(web)"},"http":{"methods":["GET"]}}`), false},
		{line("allow [http GET]"), v3(`{"action":"Allow","http":{"methods":["GET"]}}`), true},
	} {
		if got := rules.Equal(test.a, test.b); got != test.want {
			t.Errorf("Equal(%s, %s) = %v", rules.Format(test.a), rules.Format(test.b), got)
		}
	}
}

func TestListing(t *testing.T) {
	t.Parallel()
	text := "# a remark\n\nInbound rules:\n 7 allow from tag a\n\n  deny\r\nOutbound rules:\n"
	inbound, outbound, err := rules.ParseListing(text, rules.AsNew)
	if err != nil {
		t.Fatal(err)
	}
	want := "Inbound rules:\n   1 allow from tag a\n   2 deny\nOutbound rules:\n"
	if got := rules.FormatListing(inbound, outbound); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for text, want := range map[string]string{
		"":                                 `line 1: the heading "Inbound rules:" is missing`,
		"Inbound rules:\n 1 allow\n":       `line 2: the heading "Outbound rules:" is missing`,
		"allow\n":                          `line 1: expected "Inbound rules:" or "Outbound rules:"`,
		"Inbound rules:\nInbound rules:\n": `line 2: the heading "Inbound rules:" is repeated`,
		"Inbound rules:\n1 alow\n":         `line 2: word 1 (alow): expected allow, deny, log or pass; did you mean "allow"?`,
	} {
		if _, _, err := rules.ParseListing(text, rules.AsNew); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
