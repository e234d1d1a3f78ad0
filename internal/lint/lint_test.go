package lint_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/lint"
	"github.com/calicoctl/calicoctl/internal/testkit/profiletest"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
)

// old returns a profile in the layout of calicoctl 0.x.
func old(p *profile.Profile) *profile.Profile {
	p.Layout = profile.V1
	return p
}

func endpoint(name string, profiles ...string) resource.Endpoint {
	return resource.Endpoint{Layout: profile.V3, Host: "h", Orchestrator: "docker", Workload: name, Name: "e", Profiles: profiles}
}

func endpointV1(name string, profiles ...string) resource.Endpoint {
	e := endpoint(name, profiles...)
	e.Layout = profile.V1
	return e
}

var (
	networkID = strings.Repeat("d", 64)
	shown     = lint.Names{
		Name: func(id string) string {
			if id == networkID {
				return "databases"
			}
			return id
		},
		Misleads: func(tag string) bool { return tag == "databases" },
	}
)

// codes returns the findings as "level code profile direction position".
func codes(list []lint.Finding) []string {
	out := []string{}
	for _, f := range list {
		text := fmt.Sprintf("%s %s %s", f.Level, f.Code, f.Profile+f.Endpoint)
		if f.Direction != "" {
			text += fmt.Sprintf(" %s %d", f.Direction, f.Position)
		}
		out = append(out, text)
	}
	return out
}

func TestFindings(t *testing.T) {
	t.Parallel()
	malformed := &profile.MalformedError{Layout: profile.V3, Key: "/key", Cause: errors.New("it is not JSON")}
	for _, c := range []struct {
		name      string
		profiles  []*profile.Profile
		endpoints []resource.Endpoint
		add       func(*lint.Linter)
		networks  func(string) bool
		want      []string
	}{
		{name: "nothing"},
		{
			name:      "nothing wrong",
			profiles:  []*profile.Profile{profiletest.New(t, "web", "web=", "inbound allow tcp from tag web to ports 80", "outbound allow")},
			endpoints: []resource.Endpoint{endpoint("w", "web")},
		},
		{
			name: "unreachable rules",
			profiles: []*profile.Profile{profiletest.New(t, "web", "web=",
				"inbound allow tcp from tag web",
				"inbound deny tcp from tag web cidr 10.0.0.0/8",
				"inbound allow tcp from tag web",
				"inbound log tcp from tag web to ports 80",
				"inbound allow tcp to ports 1 not ports 1",
				"outbound deny udp", "outbound allow udp")},
			endpoints: []resource.Endpoint{endpoint("w", "web")},
			want: []string{
				"error deny-defeated web inbound 2", "warning duplicate web inbound 3", "warning shadowed web inbound 4",
				"warning fits-nothing web inbound 5", "warning shadowed web outbound 2",
			},
		},
		{
			name:      "invalid for Felix",
			profiles:  []*profile.Profile{profiletest.New(t, "web", "-x=", `{"action":"Allow","protocol":"TCP","destination":{"ports":[0]}}`, `{"action":"Alow"}`)},
			endpoints: []resource.Endpoint{endpoint("w", "web")},
			want:      []string{"error refused-name web", "error refused-rule web inbound 1", "error refused-rule web inbound 2"},
		},
		{
			name: "unknown tags",
			profiles: []*profile.Profile{
				profiletest.New(t, "web", "inbound allow from tag web to tag late", "inbound deny from not tag guests", "stage=production",
					`{"action":"Allow","source":{"selector":"has(stage)"}}`, `{"action":"Allow","source":{"selector":"stage == ''"}}`),
				profiletest.New(t, "late", "late="),
			},
			endpoints: []resource.Endpoint{endpoint("w", "web", "late")},
			want:      []string{"warning unknown-tag web inbound 1", "warning unknown-tag web inbound 2", "warning unknown-tag web inbound 4"},
		},
		{
			name:      "a malformed profile may carry any tag",
			profiles:  []*profile.Profile{profiletest.New(t, "web", "inbound allow from tag other")},
			endpoints: []resource.Endpoint{endpoint("w", "web")},
			add:       func(l *lint.Linter) { l.AddMalformedProfile("broken", malformed) },
			want:      []string{"error damaged-profile broken"},
		},
		{
			name:     "a malformed endpoint may have any profile",
			profiles: []*profile.Profile{profiletest.New(t, "web")},
			add:      func(l *lint.Linter) { l.AddMalformedEndpoint(endpoint("w"), malformed) },
			want:     []string{"error damaged-endpoint h/docker/w/e"},
		},
		{
			name:      "endpoints without their profile",
			profiles:  []*profile.Profile{old(profiletest.New(t, "old"))},
			endpoints: []resource.Endpoint{endpoint("a", "gone", "gone", "old"), endpointV1("b", "lost"), endpointV1("c", "old")},
			want: []string{
				"error missing-profile gone", "warning missing-profile lost", "warning not-enforced old", "error missing-profile old",
			},
		},
		{
			name:     "profiles without endpoints, but for those of Kubernetes",
			profiles: []*profile.Profile{profiletest.New(t, "web"), profiletest.New(t, "kns.default", "inbound allow")},
			want:     []string{"warning unused-profile web"},
		},
		{
			name:     "the first of two layouts counts",
			profiles: []*profile.Profile{profiletest.New(t, "web"), old(profiletest.New(t, "web"))},
			want:     []string{"warning unused-profile web"},
		},
		{
			name:      "networks that Docker does not have",
			profiles:  []*profile.Profile{profiletest.New(t, networkID), profiletest.New(t, strings.Repeat("e", 64)), profiletest.New(t, "web")},
			endpoints: []resource.Endpoint{endpoint("w", networkID, strings.Repeat("e", 64), "web")},
			networks:  func(id string) bool { return id == networkID },
			want:      []string{"warning unknown-network " + strings.Repeat("e", 64)},
		},
		{
			name:      "open ports",
			profiles:  []*profile.Profile{profiletest.New(t, "web", "inbound allow tcp to ports 22,80", "inbound allow tcp from cidr 10.0.0.0/8", "outbound allow")},
			endpoints: []resource.Endpoint{endpoint("w", "web")},
			want:      []string{"warning open-port web inbound 1"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := lint.New(lint.Options{HasNetwork: c.networks})
			for _, p := range c.profiles {
				l.AddProfile(p)
			}
			if c.add != nil {
				c.add(l)
			}
			for _, e := range c.endpoints {
				l.AddEndpoint(e)
			}
			if diff := cmp.Diff(append([]string{}, c.want...), codes(l.Findings(shown))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Only what is asked for is reported, and findings about endpoints never are then;
// but all profiles count for what they carry.
func TestSelect(t *testing.T) {
	t.Parallel()
	l := lint.New(lint.Options{Candidates: map[string]bool{"web": true, networkID: true}})
	l.AddProfile(profiletest.New(t, "web", "inbound allow from tag app", "inbound allow from tag absent"))
	l.AddProfile(profiletest.New(t, networkID, "inbound allow from tag absent"))
	l.AddProfile(profiletest.New(t, "app", "app=", "inbound allow from tag absent"))
	l.AddMalformedProfile("broken", &profile.MalformedError{Layout: profile.V1, Cause: errors.New("no")})
	l.Select("web")
	l.AddEndpoint(endpoint("w", "gone"))
	want := []string{"warning unused-profile web", "warning unknown-tag web inbound 2"}
	if diff := cmp.Diff(want, codes(l.Findings(shown))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	known := l.Profiles()
	for _, id := range []string{"web", "app", networkID, "broken", profile.DefaultAllow} {
		if !known[id] {
			t.Errorf("%s is not known", id)
		}
	}
}

// What a finding says, with names instead of IDs.
func TestText(t *testing.T) {
	t.Parallel()
	l := lint.New(lint.Options{})
	l.AddProfile(profiletest.New(t, networkID, networkID+"/tag=", "inbound allow tcp from tag "+networkID, "inbound deny tcp from tag "+networkID+" to ports 22",
		"inbound allow from tag databases", "inbound allow udp to ports 161", "inbound deny from not tag guests"))
	l.AddProfile(old(profiletest.New(t, "old", "inbound allow", "inbound deny")))
	l.AddProfile(profiletest.New(t, "kns.x", "inbound allow", "inbound allow"))
	for _, name := range []string{"a", "b", "c", "d", "f"} {
		l.AddEndpoint(endpoint(name, "gone"))
	}
	l.AddEndpoint(endpoint("g", networkID))
	l.AddMalformedEndpoint(endpoint("h"), &profile.MalformedError{Layout: profile.V3, Key: "/key", Cause: errors.New("it is not JSON")})
	want := `Profile databases:
  error: inbound rule 2: deny tcp from tag databases to ports 22 [deny-defeated]
    it never denies anything, because rule 1 (allow tcp from tag databases) before it matches all that it matches
    move it before rule 1: calicoctl profile databases rule move inbound --from=2 --to=1
  warning: inbound rule 3: allow from tag databases [unknown-tag]
    no profile carries the tag databases, so it matches only endpoints that have such a label of their own
    the Docker network of that name has another tag; to use that one, enter the same rule again: calicoctl profile databases rule replace inbound --at=3 RULE
  warning: inbound rule 4: allow udp to ports 161 [open-port]
    it opens port 161 (SNMP) to everyone
    restrict its source: calicoctl profile databases rule replace inbound --at=4 RULE
  warning: inbound rule 5: deny from not tag guests [unknown-tag]
    no profile carries the tag guests, so "not tag" excludes only endpoints that have such a label of their own
    check the spelling of the tag; to correct it: calicoctl profile databases rule replace inbound --at=5 RULE
Profile gone:
  error: it does not exist, so Felix drops all traffic of h/docker/a/e, h/docker/b/e, h/docker/c/e, 2 more [missing-profile]
    calicoctl profile add gone, or give the endpoints another profile
Profile kns.x:
  warning: inbound rule 2: allow [duplicate]
    it is the same as rule 1
    Kubernetes' controllers maintain this profile; change it there
Profile old:
  warning: it is in the layout of calicoctl 0.x, which no Felix reads [not-enforced]
    calicoctl profile migrate old
  error: inbound rule 2: deny [deny-defeated]
    it never denies anything, because rule 1 (allow) before it matches all that it matches
    after its migration, move it before rule 1: calicoctl profile old rule move inbound --from=2 --to=1
Endpoint h/docker/h/e:
  error: it is malformed: it is not JSON [damaged-endpoint]
    etcdctl can show, repair or delete the key /key
4 errors, 5 warnings.
`
	if diff := cmp.Diff(want, lint.Text(l.Findings(shown))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := lint.Text(nil); got != "No findings.\n" {
		t.Errorf("nothing is told as %q", got)
	}
}

// Where two profiles of an endpoint pass packets, the later one loses those of the first.
func TestStalePass(t *testing.T) {
	t.Parallel()
	l := lint.New(lint.Options{})
	l.AddProfile(profiletest.New(t, "pa", "inbound pass tcp", "outbound allow"))
	l.AddProfile(profiletest.New(t, "pb", "inbound deny 50", "inbound pass udp", "inbound allow", "outbound pass udp", "outbound allow"))
	l.AddProfile(profiletest.New(t, "pc", "inbound allow", "inbound pass udp"))
	l.AddEndpoint(endpoint("one", "pa"))
	l.AddEndpoint(endpointV1("old", "pa", "pb"))
	l.AddEndpoint(endpoint("two", "pa", "pc", "pb", "pb"))
	l.AddEndpoint(endpoint("more", "pa", "pb"))
	var got []string
	for _, f := range l.Findings(shown) {
		if f.Code == "stale-pass" {
			got = append(got, fmt.Sprintf("%s %s %s %d: %s", f.Level, f.Profile, f.Direction, f.Position, f.Reason))
		}
	}
	want := []string{"warning pb inbound 2: h/docker/two/e has the profile pa before this one: what a rule of that one passes " +
		"leaves this profile here, whether this rule matches or not, because Felix keeps its mark"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
