package trace_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/testkit/profiletest"
	"github.com/calicoctl/calicoctl/internal/trace"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

func same(id string) string { return id }

// ask parses a question such as "inbound tcp to ports 80".
func ask(t *testing.T, text string) trace.Question {
	t.Helper()
	words := strings.Fields(text)
	p, err := rules.ParsePacket(words[1:])
	if err != nil {
		t.Fatal(err)
	}
	return trace.Question{Direction: rules.Direction(words[0]), Packet: p}
}

// gather returns the facts of a question as the command would gather them, out of these
// profiles, of which the first is named, and endpoints.
func gather(t *testing.T, q trace.Question, profiles []*profile.Profile, endpoints ...resource.EndpointOrSet) (trace.Facts, error) {
	t.Helper()
	f := trace.Facts{Question: q, Profile: profiles[0], Profiles: map[string]*profile.Profile{}, Name: same}
	for _, p := range profiles {
		f.Profiles[p.ID] = p
	}
	f.Source.Words, f.Destination.Words = q.Packet.From, q.Packet.To
	for _, side := range []*trace.Side{&f.Source, &f.Destination} {
		side.Tags = side.Words.Tags
		if side.Words.Addr.IsValid() {
			side.Addrs = []netip.Addr{side.Words.Addr}
		}
	}
	finder := trace.NewFinder(&f)
	if !finder.Needed() {
		return f, nil
	}
	for _, e := range endpoints {
		finder.Add(e)
	}
	return f, finder.Finish()
}

func workload(name, addr string, profiles ...string) resource.EndpointOrSet {
	return resource.EndpointOrSet{
		Endpoint: resource.Endpoint{
			Key: "/calico/resources/v3/projectcalico.org/workloadendpoints/default/h-docker-" + name + "-eth0", Layout: profile.V3,
			Host: "h", Orchestrator: "docker", Workload: name, Name: "eth0", Profiles: profiles, Addresses: []string{addr},
		},
		Namespace: "default", ID: "default/h-docker-" + name + "-eth0",
	}
}

func networkSet(id, net string, labels ...profile.Label) resource.EndpointOrSet {
	return resource.EndpointOrSet{Endpoint: resource.Endpoint{Layout: profile.V3, Addresses: []string{net}}, NetworkSet: true, ID: id, Own: labels}
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	db := profiletest.New(t, "db", "db=", "inbound allow tcp from tag app to ports 3306", "inbound log udp", "inbound deny from cidr 10.0.0.0/8",
		"inbound allow icmp type 8", `{"action":"Allow","protocol":"UDP","source":{"selector":"role == 'cache'"}}`, "outbound pass tcp", "outbound allow to tag db")
	app := profiletest.New(t, "app", "app=", "inbound allow")
	bad := profiletest.New(t, "bad", "outbound allow", `{"action":"Allow","protocol":"TCP","destination":{"ports":[0]}}`, `{"action":"Alow"}`)
	endpoints := []resource.EndpointOrSet{
		workload("db1", "10.65.0.2/32", "gone", "db"), workload("app1", "10.65.0.3/32", "app"),
		networkSet("office", "203.0.113.0/24", profile.Label{Name: "role", Value: "cache"}),
	}
	for _, c := range []struct {
		question, endpoint string
		profiles           []*profile.Profile
		want               string // the text, lines joined by |; a prefix if it ends in |
	}{
		{question: "inbound tcp from tag app to ports 3306", want: "allowed by inbound rule 1: allow tcp from tag app to ports 3306"},
		{question: "inbound tcp from 10.9.9.9 to ports 3306", want: "denied by inbound rule 3: deny from cidr 10.0.0.0/8|" +
			"  rule 1 allow tcp from tag app to ports 3306: 10.9.9.9 (no endpoint) does not have tag app|  rule 2 log udp: the protocol is tcp"},
		{question: "inbound tcp from 10.65.0.3 to ports 3306", want: "allowed by inbound rule 1: allow tcp from tag app to ports 3306"},
		{question: "inbound tcp from endpoint app1 to endpoint db1 ports 3306", want: "allowed by inbound rule 1: allow tcp from tag app to ports 3306"},
		{question: "inbound udp from 203.0.113.7", want: "allowed by inbound rule 5: allow udp from selector \"role == 'cache'\"|" +
			"  rule 1 allow tcp from tag app to ports 3306: the protocol is udp|  rule 2 log udp: it logs, and goes on|" +
			"  rule 3 deny from cidr 10.0.0.0/8: 203.0.113.7 (network set office) is not in 10.0.0.0/8|  rule 4 allow icmp type 8: the protocol is udp"},
		{question: "inbound tcp from tag app", want: "depends: rule 1 needs the destination port|" +
			"  rule 1 allow tcp from tag app to ports 3306: needs the destination port|"},
		{question: "outbound tcp", want: "denied: rule 1 passes, and no further profile decides|  rule 1 pass tcp: it leaves the profile"},
		{question: "outbound udp to tag db", want: "allowed by outbound rule 2: allow to tag db|  rule 1 pass tcp: the protocol is udp"},
		{question: "outbound 50 to 192.0.2.1", want: "denied: no rule matches|"},
		{
			question: "outbound tcp", profiles: []*profile.Profile{bad},
			want: "denied: the profile is invalid for Felix: inbound rule 1: to ports: port 0 makes Felix drop all traffic of the profile (1 to 65535) (and 1 more)",
		},
		{question: "inbound tcp from tag app to ports 3306", endpoint: "db1", want: "denied: profile gone does not exist"},
		{question: "inbound tcp from tag app to ports 3306", endpoint: "app1", profiles: []*profile.Profile{app}, want: "allowed by inbound rule 1 of profile app: allow"},
	} {
		t.Run(c.question+" "+c.endpoint, func(t *testing.T) {
			t.Parallel()
			q := ask(t, c.question)
			q.Endpoint = c.endpoint
			profiles := c.profiles
			if profiles == nil {
				profiles = []*profile.Profile{db, app}
			}
			f, err := gather(t, q, profiles, endpoints...)
			if err != nil {
				t.Fatal(err)
			}
			result, err := trace.Evaluate(f)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(strings.TrimSuffix(result.Text(), "\n"), "\n", "|")
			if got != c.want && !(strings.HasSuffix(c.want, "|") && strings.HasPrefix(got, c.want)) {
				t.Errorf("(-want +got):\n%s", cmp.Diff(strings.Split(c.want, "|"), strings.Split(got, "|")))
			}
			if view := result.View(); view.Summary != strings.Split(got, "|")[0] || view.Verdict != result.Outcome() {
				t.Errorf("for programs: %s, %q", view.Verdict, view.Summary)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	db, app := profiletest.New(t, "db"), profiletest.New(t, "app")
	long := strings.Repeat("0123456789abcdef", 4)
	endpoints := []resource.EndpointOrSet{
		workload("app1", "10.65.0.3/32", "app"), workload("app2", "10.65.0.4/32", "app"), workload("bare", "10.65.0.5/32"),
		workload(long, "10.65.0.6/32", "db"),
	}
	for _, c := range []struct{ question, endpoint, want string }{
		{question: "inbound to endpoint app1", want: "endpoint h/docker/app1/eth0 does not have the profile db; its profiles: app"},
		{question: "outbound from 10.65.0.5", want: "endpoint h/docker/bare/eth0 does not have the profile db; its profiles: None"},
		{question: "inbound icmpv6 from endpoint app1", want: "there is no such packet: the addresses and the protocol are not of one IP version"},
		{question: "inbound from endpoint nobody", want: "Endpoint nobody not found. \"calicoctl profile show --detailed\" lists all endpoints"},
		{question: "inbound from endpoint eth0", want: "eth0 may be each of 4 endpoints: default/h-docker-app1-eth0, default/h-docker-app2-eth0, " +
			"default/h-docker-bare-eth0, default/h-docker-" + long + "-eth0"},
		{question: "inbound from endpoint " + long[:11], want: "Endpoint " + long[:11] + " not found. \"calicoctl profile show --detailed\" lists all endpoints"},
		{question: "inbound to 10.65.0.9", endpoint: long[:12], want: "endpoint h/docker/" + long + "/eth0 does not have the address 10.65.0.9; it has 10.65.0.6/32"},
		{question: "inbound to 10.65.0.6", endpoint: long[:12]},
	} {
		t.Run(c.question, func(t *testing.T) {
			t.Parallel()
			q := ask(t, c.question)
			q.Endpoint = c.endpoint
			f, err := gather(t, q, []*profile.Profile{db, app}, endpoints...)
			if err == nil {
				_, err = trace.Evaluate(f)
			}
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// The profiles of a named endpoint are evaluated in their order, and say so.
func TestProfilesOfEndpoint(t *testing.T) {
	t.Parallel()
	q := ask(t, "inbound tcp from 10.65.0.3 to ports 22")
	q.Endpoint = "db1"
	f, err := gather(t, q, []*profile.Profile{
		profiletest.New(t, "db", "inbound allow tcp from tag app to ports 3306"),
		profiletest.New(t, "backup", "inbound pass icmp", "inbound allow tcp from tag app to ports 22"), profiletest.New(t, "app", "app="),
	}, workload("db1", "10.65.0.2/32", "backup", "db"), workload("app1", "10.65.0.3/32", "app"))
	if err != nil {
		t.Fatal(err)
	}
	result, err := trace.Evaluate(f)
	if err != nil {
		t.Fatal(err)
	}
	want := `allowed by inbound rule 2 of profile backup: allow tcp from tag app to ports 22
  rule 1 of profile backup, pass icmp: the protocol is tcp
`
	if diff := cmp.Diff(want, result.Text()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	view := result.View()
	if view.Endpoint != "h/docker/db1/eth0" || view.ID != "db" || view.Rule == nil || view.Rule.Profile != "backup" || view.Rule.Position != 2 {
		t.Errorf("for programs: %+v", view)
	}
	if len(result.Warnings) > 0 {
		t.Errorf("warned %q", result.Warnings)
	}
}

// After a pass, Felix lets the first pass rule of a later profile pass the packet, too.
func TestStaleMark(t *testing.T) {
	t.Parallel()
	q := ask(t, "inbound tcp")
	q.Endpoint = "db1"
	f, err := gather(t, q, []*profile.Profile{profiletest.New(t, "pa", "inbound pass tcp"), profiletest.New(t, "pb", "inbound pass udp", "inbound allow")},
		workload("db1", "10.65.0.2/32", "pa", "pb"))
	if err != nil {
		t.Fatal(err)
	}
	result, err := trace.Evaluate(f)
	if err != nil {
		t.Fatal(err)
	}
	want := `denied: rule 1 of profile pb takes the packet out of its profile, because an earlier profile passed it
  rule 1 of profile pa, pass tcp: it leaves the profile
  rule 1 of profile pb, pass udp: it leaves the profile without a match, because Felix keeps the mark of the pass in an earlier profile
`
	if diff := cmp.Diff(want, result.Text()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if rules := result.View().Rules; len(rules) != 2 || rules[0].StaleMark || !rules[1].StaleMark {
		t.Errorf("for programs: %+v", rules)
	}
}

func TestMalformedProfile(t *testing.T) {
	t.Parallel()
	q := ask(t, "outbound tcp")
	q.Endpoint = "db1"
	f, err := gather(t, q, []*profile.Profile{profiletest.New(t, "db")}, workload("db1", "10.65.0.2/32", "broken\n", "db"))
	if err != nil {
		t.Fatal(err)
	}
	f.Malformed = map[string]bool{"broken\n": true}
	result, err := trace.Evaluate(f)
	if err != nil {
		t.Fatal(err)
	}
	if want := `denied: profile broken\x0a is malformed`; !strings.HasPrefix(result.Text(), want) {
		t.Errorf("got %q, want %q", result.Text(), want)
	}
}

func TestHostEndpointWarns(t *testing.T) {
	t.Parallel()
	q := ask(t, "inbound tcp")
	q.Endpoint = "eth1"
	host := resource.EndpointOrSet{Endpoint: resource.Endpoint{Layout: profile.V1, Host: "h", Name: "eth1", Profiles: []string{"db"}, Addresses: []string{"10.0.0.1"}}, ID: "h/eth1"}
	f, err := gather(t, q, []*profile.Profile{profiletest.New(t, "db")}, host)
	if err != nil {
		t.Fatal(err)
	}
	result, err := trace.Evaluate(f)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"endpoint h/eth1 is an interface of a host, at which Felix lets its failsafe ports through before any rule"}
	if diff := cmp.Diff(want, result.Warnings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestContainerAddrs(t *testing.T) {
	t.Parallel()
	at := func(network string, addrs ...string) resolve.Attachment {
		a := resolve.Attachment{Network: resolve.Network{ID: "id-of-" + network, Name: network}}
		for _, addr := range addrs {
			a.Addrs = append(a.Addrs, netip.MustParseAddr(addr))
		}
		return a
	}
	for _, c := range []struct {
		name      string
		container resolve.Container
		networks  []string
		want      string // addresses or the error
	}{
		{"by ID", resolve.Container{Running: true, Networks: []resolve.Attachment{at("a", "10.0.0.1"), at("b", "10.0.0.2", "fd00::2")}}, []string{"x", "id-of-b"}, "10.0.0.2 fd00::2"},
		{"by name", resolve.Container{Running: true, Networks: []resolve.Attachment{at("a", "10.0.0.1"), at("b", "10.0.0.2")}}, []string{"a"}, "10.0.0.1"},
		{"the only network", resolve.Container{Running: true, Networks: []resolve.Attachment{at("a", "10.0.0.1"), at("b")}}, []string{"b"}, "10.0.0.1"},
		{
			"several",
			resolve.Container{Name: "c", Running: true, Networks: []resolve.Attachment{at("a", "10.0.0.1"), at("b", "10.0.0.2")}},
			nil, "container c has addresses on several networks: 10.0.0.1 (a), 10.0.0.2 (b); give the address that is meant",
		},
		{"none", resolve.Container{Name: "c", Running: true, Networks: []resolve.Attachment{at("a")}}, nil, "container c has no address of its own on any network"},
		{"stopped", resolve.Container{Name: "c\x1b"}, nil, `container c\x1b does not run, so it has no address`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			addrs, err := trace.ContainerAddrs(&c.container, c.networks...)
			var texts []string
			for _, a := range addrs {
				texts = append(texts, a.String())
			}
			got := strings.Join(texts, " ")
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What matches the name of an endpoint better wins, whatever comes first.
func TestNameOfEndpoint(t *testing.T) {
	t.Parallel()
	exact := workload("one", "10.65.0.1/32", "db")
	other := workload("default/h-docker-one-eth0", "10.65.0.2/32", "db") // a workload that is called like the other's ID
	for _, order := range [][]resource.EndpointOrSet{{exact, other}, {other, exact}} {
		f, err := gather(t, ask(t, "inbound from endpoint "+exact.ID), []*profile.Profile{profiletest.New(t, "db")}, order...)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f.Source.Addrs, []netip.Addr{netip.MustParseAddr("10.65.0.1")}) {
			t.Errorf("found %v", f.Source.Addrs)
		}
	}
}
