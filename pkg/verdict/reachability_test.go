package verdict_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

func TestWay(t *testing.T) {
	t.Parallel()
	db, app := map[string]string{"db": ""}, map[string]string{"app": "", "role": "x"}
	for _, test := range []struct {
		inbound, outbound string // "-" for a sender without rules
		want              bool   // of the last inbound rule, from app to db
	}{
		{"allow", "allow", true},
		{"deny", "allow", false}, // it opens nothing
		{"allow from tag app", "allow", true},
		{"allow from tag other", "allow", false},
		{"allow from tag app to tag other", "allow", false},
		{"allow from selector \"role == 'x'\" not tag other", "allow", true},
		{"allow from selector \"role == 'y'\"", "allow", false},
		{"allow from not tag app", "allow", false},

		// Rules in front.
		{"deny from tag app; allow tcp", "allow", false},
		{"deny from tag other; allow tcp", "allow", true},
		{"deny tcp to ports 1:100; allow tcp to ports 80", "allow", false},
		{"deny tcp to ports 81:100; allow tcp to ports 80,90", "allow", true},
		{"pass tcp; allow tcp to ports 80", "allow", false},
		{"log tcp; allow tcp to ports 80", "allow", true},
		{"allow tcp; allow tcp to ports 80", "allow", false}, // the first one opens it
		{`{"action":"Deny","http":{"methods":["GET"]}}; allow tcp`, "allow", true},
		{`{"action":"Deny","protocol":"TCP","destination":{"ports":[0]}}; allow tcp`, "allow", true},
		{`deny tcp; {"action":"Allow","protocol":"TCP","http":{"methods":["GET"]}}`, "allow", false},

		// What the sender may send.
		{"allow tcp to ports 80", "", false},
		{"allow tcp to ports 80", "-", true},
		{"allow tcp to ports 80", "allow udp", false},
		{"allow tcp to ports 80", "deny udp; allow tcp to ports 80:90", true},
		{"allow tcp to ports 80", "deny to tag db; allow", false},
		{"allow tcp to ports 80", "deny to tag other; allow", true},
		{"allow tcp to ports 80", "deny from tag other; allow", true},
		{"allow tcp to ports 80", "deny tcp; allow", false},
		{"allow to 10.0.0.0/8", "deny to 10.0.0.0/9; deny to 10.128.0.0/9; allow", false},
		{"allow to 10.0.0.0/8", "deny to 10.0.0.0/9; allow", true},
		{"allow tcp", "pass", true}, // another profile may let it out
		{"allow tcp", "deny; pass", false},
		{"allow tcp", `{"action":"Deny","http":{"methods":["GET"]}}; allow`, true},
		{"allow tcp", `{"action":"Allow","protocol":"TCP","http":{"methods":["GET"]}}`, true},
		{"allow udp", `{"action":"Allow","protocol":"TCP","http":{"methods":["GET"]}}`, false},
		{"allow tcp", "log; deny udp", false},

		// Both together: 80 is denied here, and all else there.
		{"deny tcp to ports 80; allow tcp", "allow tcp to ports 80", false},
		{"deny tcp to ports 80; allow tcp", "allow tcp to ports 80,81", true},
	} {
		inbound := storedLines(t, strings.Split(test.inbound, "; ")...)
		last := len(inbound) - 1
		var outbound []rules.Stored
		free := test.outbound == "-"
		if !free && test.outbound != "" {
			outbound = storedLines(t, strings.Split(test.outbound, "; ")...)
		}
		w := verdict.NewReachability(verdict.Endpoint(app), verdict.Endpoint(db), outbound, free, inbound)
		if got := w.MayOpen(last, inbound[last].Rule); got != test.want {
			t.Errorf("inbound %q, outbound %q: %t, want %t", test.inbound, test.outbound, got, test.want)
		}
	}
}

// Every packet that gets through is one of a rule that may open a way.
func TestWayIsNeverWronglyClosed(t *testing.T) {
	t.Parallel()
	through, closed := 0, 0
	for seed := range uint64(200) {
		g := newListGenerator(seed)
		g.criteria = 0.1
		inbound, outbound := g.list(1+g.IntN(6)), g.list(1+g.IntN(6))
		from, to := oneOf(g, g.endpoints), oneOf(g, g.endpoints)
		w := verdict.NewReachability(verdict.Endpoint(from), verdict.Endpoint(to), outbound, false, inbound)
		open := map[int]bool{}
		for i, s := range inbound {
			if open[i] = w.MayOpen(i, s.Rule); !open[i] && s.Rule.Action == rules.Allow {
				closed++
			}
		}
		for range 5000 {
			p := g.packet(&inbound[g.IntN(len(inbound))].Rule)
			p.fromLabels, p.toLabels, p.fromOther, p.toOther = from, to, nil, nil
			in, _ := p.decides(inbound)
			out, _ := p.decides(outbound)
			if in < 0 || out < 0 || inbound[in].Rule.Action != rules.Allow || outbound[out].Rule.Action == rules.Deny {
				continue
			}
			if through++; !open[in] {
				t.Fatalf("seed %d: inbound rule %d opens no way from %v to %v, they say, but %+v gets through\n%s\n%s",
					seed, in+1, from, to, p, linesOf(inbound), linesOf(outbound))
			}
		}
	}
	if through < 1000 || closed < 20 {
		t.Errorf("only %d packets got through, and only %d ways were closed", through, closed)
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"a": "", "role": "x", strings.Repeat("f", 64) + "/tag": ""}
	for _, test := range []struct {
		entity                string
		fits, asks, strangers bool
	}{
		{"10.0.0.0/8", true, false, true},
		{"tag a", true, true, false},
		{"tag b", false, true, false},
		{"not tag b", true, false, true},
		{"not tag a", false, false, true},
		{"tag a not tag role", false, true, false},
		{"tag " + strings.Repeat("f", 64), true, true, false},
		{"selector \"all()\"", true, true, false},
		{"selector \"role in {'x','y'} && !has(b)\"", true, true, false},
		{"not selector \"role == 'y'\"", true, false, true},
	} {
		e := storedLines(t, "allow from "+test.entity)[0].Rule.From
		fits, asks := verdict.Answer(e, verdict.Endpoint(labels))
		strangers, _ := verdict.Answer(e, verdict.NoEndpoint())
		if fits != test.fits || asks != test.asks || strangers != test.strangers {
			t.Errorf("from %s: fits %t, asks %t, strangers %t", test.entity, fits, asks, strangers)
		}
	}
}

func TestFindExposed(t *testing.T) {
	t.Parallel()
	services := []verdict.Service{{Protocol: "tcp", Port: 22}, {Protocol: "tcp", Port: 3306}, {Protocol: "udp", Port: 161}}
	for _, test := range []struct{ lines, want string }{
		{"allow", "1: all"},
		{"allow tcp", "1: 22 3306"},
		{"allow not tcp", "1: 161"},
		{"allow tcp to ports 80", ""},
		{"allow tcp to ports 1:1000", "1: 22"},
		{"allow udp to ports 22", ""},
		{"allow 6 to ports 22,3306", "1: 22 3306"},
		{"allow tcp to ports 22 not ports 22", ""},
		{"deny; allow tcp", ""},
		{"log tcp to ports 22", ""},
		{"pass tcp to ports 22; allow tcp", "2: 3306"},

		// From where.
		{"allow tcp from tag a to ports 22", ""},
		{"allow tcp from selector \"all()\" to ports 22", ""},
		{"allow tcp from not tag a to ports 22", "1: 22"},
		{"allow tcp from 10.0.0.0/8 to ports 22", ""},
		{"allow tcp from 0.0.0.0/0 to ports 22", "1: 22"},
		{"allow tcp from ::/0 to ports 22", "1: 22"},
		{"allow tcp from 0.0.0.0/1,128.0.0.0/1 to ports 22", "1: 22"},
		{"allow tcp from 0.0.0.0/1 to ports 22", ""}, // a half is not more than a half
		{"allow tcp from ::/1,8000::/2 to ports 22", "1: 22"},
		{"allow tcp from not cidr 10.0.0.0/8 to ports 22", "1: 22"},
		{"allow tcp from ports 1024:65535 to ports 22", "1: 22"}, // which the sender chooses
		{"allow tcp to ports 22 cidr 10.0.0.1", "1: 22"},
		{"allow tcp to tag a ports 22", "1: 22"},

		// What comes in front.
		{"deny from 203.0.113.0/24; allow tcp to ports 22", "2: 22"},
		{"deny ipversion 6; deny from 0.0.0.0/1; allow tcp to ports 22", ""},
		{"deny from tag a; allow tcp to ports 22", "2: 22"},
		{"deny from not tag a; allow tcp to ports 22", ""},
		{"deny to tag a; allow tcp to ports 22", "2: 22"}, // for those without it
		{"allow tcp to ports 22; allow tcp", "1: 22; 2: 3306"},
		{`{"action":"Deny","http":{"methods":["GET"]}}; allow tcp to ports 22`, ""},
		{`{"action":"Allow","http":{"methods":["GET"]}}`, ""},
		{`{"action":"Alow"}; allow`, ""},

		// What is not certain.
		{"deny from not cidr 10.0.0.0/8; allow tcp to ports 22", "2: 22"},
	} {
		var parts []string
		for _, x := range verdict.FindExposed(storedLines(t, strings.Split(test.lines, "; ")...), services) {
			text := fmt.Sprintf("%d:", x.Index+1)
			for _, i := range x.Services {
				if !x.All {
					text += fmt.Sprintf(" %d", services[i].Port)
				}
			}
			if x.All {
				text += " all"
			}
			parts = append(parts, text)
		}
		if got := strings.Join(parts, "; "); got != test.want {
			t.Errorf("%s: %q, want %q", test.lines, got, test.want)
		}
	}
}

// Lists that are made to cost much end soon, and then nothing is claimed.
func TestEffortIsBounded(t *testing.T) {
	t.Parallel()
	g := newListGenerator(1)
	var lines []string
	for i := range 1024 {
		lines = append(lines, fmt.Sprintf("allow tcp from ports %d:%d tag t%d cidr 10.%d.0.0/16 to ports %d:%d not cidr 10.0.%d.0/24",
			1+g.IntN(1000), 2000+g.IntN(60000), g.IntN(40), i%256, 1+g.IntN(1000), 2000+g.IntN(60000), i%256))
	}
	lines = append(lines, "deny tcp", "allow", "deny udp")
	list := storedLines(t, lines...)
	dead, unknown := verdict.FindUnreachable(list)
	for _, i := range unknown {
		if slices.ContainsFunc(dead, func(d verdict.Unreachable) bool { return d.Index == i }) {
			t.Errorf("rule %d is dead and unknown", i+1)
		}
	}
	if !strings.Contains(deadText(dead), "1027: 1026") {
		t.Errorf("dead: %s", deadText(dead))
	}
	w := verdict.NewReachability(verdict.Labels{}, verdict.Labels{}, list, false, list)
	if last := len(list) - 2; !w.MayOpen(last, list[last].Rule) {
		t.Error("the way is closed")
	}
	verdict.FindExposed(list, []verdict.Service{{Protocol: "tcp", Port: 22}})
}
