package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// A lab is an etcd in which hostile values are put, and commands that are run on
// it in this process.
type lab struct {
	client   *clientv3.Client
	endpoint string
}

func newLab(tb testing.TB) *lab {
	tb.Helper()
	server, err := embedetcd.Start(tb.Context(), embedetcd.Options{Fast: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = server.Close() })
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = client.Close() })
	return &lab{client: client, endpoint: server.Endpoint()}
}

// Where a hostile value is put. A %s in a key is the name that the commands use.
func hostilePlaces() []string {
	return []string{
		"/calico/resources/v3/projectcalico.org/profiles/%s",
		"/calico/v1/policy/profile/%s/rules",
		"/calico/v1/policy/profile/%s/tags",
		"/calico/v1/policy/profile/%s/labels",
		"/calico/resources/v3/projectcalico.org/workloadendpoints/ns/x",
		"/calico/resources/v3/projectcalico.org/hostendpoints/x",
		"/calico/v1/host/h/workload/docker/w/endpoint/x",
		"/calico/resources/v3/projectcalico.org/clusterinformations/default",
	}
}

const goodProfile = `{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":"%s"},` +
	`"spec":{"ingress":[{"action":"Allow"}],"egress":[{"action":"Allow"}],"labelsToApply":{"%s":""}}}`

// setUp puts what is there beside the hostile value, and the value.
func (l *lab) setUp(ctx context.Context, place byte, document []byte) error {
	if _, err := l.client.Delete(ctx, "/", clientv3.WithPrefix()); err != nil {
		return err
	}
	places := hostilePlaces()
	values := map[string]string{"/calico/v1/policy/profile/good-1/tags": `["t"]`}
	for _, name := range []string{"good", "x"} {
		values[strings.ReplaceAll(places[0], "%s", name)] = strings.ReplaceAll(goodProfile, "%s", name)
	}
	key := places[int(place)%len(places)]
	if strings.Contains(key, "/v1/policy/") {
		delete(values, strings.ReplaceAll(places[0], "%s", "x"))
	}
	values[strings.ReplaceAll(key, "%s", "x")] = string(document)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if _, err := l.client.Put(ctx, key, values[key]); err != nil {
			return err
		}
	}
	return nil
}

// all returns every key with its value and its revision.
func (l *lab) all(ctx context.Context) (string, error) {
	answer, err := l.client.Get(ctx, "/", clientv3.WithPrefix())
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, kv := range answer.Kvs {
		fmt.Fprintf(&out, "%s (revision %d): %s\n", kv.Key, kv.ModRevision, kv.Value)
	}
	return out.String(), nil
}

// run runs a command.
func (l *lab) run(ctx context.Context, stdin string, words ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	args := append(slices.Clone(words), "--literal", "--timeout=60s", "--etcd-endpoints="+l.endpoint)
	code = run(ctx, args, strings.NewReader(stdin), &out, &errs, variables(nil))
	return code, out.String(), errs.String()
}

// A hostileCommand is one that is run on every hostile value.
type hostileCommand struct {
	words string
	stdin string
	shows string // what it prints, whatever the value is
}

func hostileReads() []hostileCommand {
	return []hostileCommand{
		{words: "profile show", shows: "| good "},
		{words: "profile show -o json", shows: `"profile": "good"`},
		{words: "profile show -o yaml", shows: "profile: good\n"},
		{words: "profile show --detailed", shows: "| good "},
		{words: "profile show --detailed -o json", shows: `"profile": "good"`},
		{words: "profile export", shows: "Profile good:\n"},
		{words: "profile lint", shows: "Profile good:\n"},
		{words: "profile lint -o yaml", shows: "  profile: good\n"},
		{words: "profile graph", shows: "| good "},
		{words: "profile graph -o dot", shows: `[label="good"]`},
		{words: "profile graph -o mermaid", shows: `["good"]`},
		{words: "profile graph -o json", shows: `"name": "good"`},
		{words: "profile x lint"},
		{words: "profile x rule show"},
		{words: "profile x rule show -o json"},
		{words: "profile x rule show -o yaml"},
		{words: "profile x rule json"},
		{words: "profile x tag show"},
		{words: "profile migrate --all --dry-run"},
	}
}

func hostileEdits() []hostileCommand {
	const document = `{"inbound_rules":[{"action":"deny"}],"outbound_rules":[]}`
	const listing = "Inbound rules:\n 1 deny\nOutbound rules:\n"
	return []hostileCommand{
		{words: "profile x rule add inbound deny udp"},
		{words: "profile x rule add outbound --at=1 deny udp"},
		{words: "profile x rule remove inbound allow"},
		{words: "profile x rule remove inbound --at=1"},
		{words: "profile x rule move inbound --from=2 --to=1"},
		{words: "profile x rule replace inbound --at=1 deny udp"},
		{words: "profile x rule update", stdin: document},
		{words: "profile x rule apply -f - --force", stdin: listing},
		{words: "profile x tag add t"},
		{words: "profile x tag remove x"},
		{words: "profile add x"},
		{words: "profile copy x y"},
		{words: "profile migrate x"},
		{words: "profile remove x"},
	}
}

// check runs commands on a hostile value: all that read, and of those that edit
// the ones that which names, one bit for each. None may panic, print what a
// terminal obeys, or end with a code that nobody expects; the good profile is
// listed; an edit that fails writes nothing, and one that does not leaves a
// profile that can be shown.
func (l *lab) check(ctx context.Context, t *testing.T, place byte, document []byte, which uint16) {
	t.Helper()
	if err := l.setUp(ctx, place, document); err != nil {
		t.Skip(err) // etcd does not take it
	}
	before := l.mustAll(ctx, t)
	for _, c := range hostileReads() {
		code, stdout, stderr := l.run(ctx, c.stdin, strings.Fields(c.words)...)
		l.checkPrinted(t, c, code, stdout, stderr)
		if !strings.Contains(stdout, c.shows) {
			t.Errorf("%s does not show %q:\n%s%s", c.words, c.shows, stdout, stderr)
		}
	}
	if now := l.mustAll(ctx, t); now != before {
		t.Fatalf("reading has written:\n%s\nwas\n%s", now, before)
	}
	for i, c := range hostileEdits() {
		if which&(1<<i) == 0 {
			continue
		}
		if err := l.setUp(ctx, place, document); err != nil {
			t.Fatal(err)
		}
		before := l.mustAll(ctx, t)
		_, _, was := l.run(ctx, "", "profile", "x", "rule", "show")
		code, stdout, stderr := l.run(ctx, c.stdin, strings.Fields(c.words)...)
		l.checkPrinted(t, c, code, stdout, stderr)
		if now := l.mustAll(ctx, t); code != 0 && now != before {
			t.Errorf("%s: exit code %d, but it has written:\n%s\nwas\n%s", c.words, code, now, before)
		}
		if shown, _, now := l.run(ctx, "", "profile", "x", "rule", "show"); code == 0 && shown != 0 && !strings.HasPrefix(c.words, "profile remove") {
			t.Errorf("after %s the profile cannot be shown: %s (before: %s)", c.words, now, was)
		}
	}
}

func (l *lab) mustAll(ctx context.Context, t *testing.T) string {
	t.Helper()
	all, err := l.all(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (l *lab) checkPrinted(t *testing.T, c hostileCommand, code int, stdout, stderr string) {
	t.Helper()
	if code != exitDone && code != exitRefused && (code != exitNo || !strings.Contains(c.words, "lint")) {
		t.Errorf("%s: exit code %d: %s", c.words, code, stderr)
	}
	for _, text := range []string{stdout, stderr} {
		if why := unsafe(text); why != "" {
			t.Errorf("%s prints %s", c.words, why)
		}
	}
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "calicoctl: ") || len(line) > 4000 {
			t.Errorf("%s: an odd message of %d bytes: %.200s", c.words, len(line), line)
		}
	}
}

// hostileValues are put where a value should be, each a JSON text.
func hostileValues() []string {
	return []string{
		`null`, `true`, `-1`, `1e400`, `80.0`, `1e3`, `99999999999999999999`, `""`, `" "`, `[]`, `{}`, `[null]`, `[[]]`, `{"a":1,"a":2}`,
		`{"nets":["::"],"Nets":null}`, `"Alow"`, `"\u0000"`, `"\u001b[31m"`, `"\u009b"`, `"\u202e"`, `"\ufeff\u200b\u3164"`, `"\ud800"`, "\"\xff\"",
		"\"\u009b\u202e\u2028\u034f\"", `"-1"`, `"1:"`, `"\n"`, `"has(\u001b)"`, `"((has(a)"`, `"a == '"`, `"10.0.0.0/99"`, `"::ffff:1.2.3.4"`,
		`"fe80::1%eth0"`, `"` + strings.Repeat("x", 5000) + `"`, strings.Repeat("[", 200) + strings.Repeat("]", 200), `{"\u001b":{"\u202e":["\u0007"]}}`,
	}
}

// soundDocuments are what can stand in each of the places.
func soundDocuments() []string {
	return []string{
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":"x","uid":"u","labels":{"l":"v"},"annotations":{"a":"v"}},` +
			`"spec":{"ingress":[{"action":"Allow"},{"action":"Deny","ipVersion":4,"protocol":"TCP","source":{"nets":["10.0.0.0/8"],"selector":"(a == 'b') && has(x)",` +
			`"ports":[80,"1000:2000"],"notSelector":"has(y)"},"destination":{"notNets":["10.1.0.0/16"],"notPorts":[22]}},{"action":"Log","protocol":"ICMP",` +
			`"icmp":{"type":8,"code":0}},{"action":"Pass","notProtocol":17,"http":{"methods":["GET"],"paths":[{"exact":"/"}]}}],"egress":[{"action":"Allow"}],` +
			`"labelsToApply":{"x":"","stage":"production"}}}`,
		`{"id":"x","inbound_rules":[{"action":"allow","ip_version":4,"protocol":"tcp","src_tag":"a","dst_ports":[80,"1:2"],"!src_net":"10.0.0.0/8"},` +
			`{"protocol":"icmp","icmp_type":8,"icmp_code":0},{"action":"next-tier","dst_nets":["10.0.0.0/8"],"src_selector":"a == 'b'"}],"outbound_rules":[{"action":"deny"}]}`,
		`["x","y"]`,
		`{"a":"b"}`,
		`{"kind":"WorkloadEndpoint","spec":{"profiles":["x"],"node":"h","orchestrator":"o","workload":"w","endpoint":"e","ipNetworks":["10.0.0.1/32"]}}`,
		`{"kind":"HostEndpoint","spec":{"profiles":["good"],"node":"h","expectedIPs":["10.0.0.1"]}}`,
		`{"profile_ids":["x"],"profile_id":"x","state":"active","ipv4_nets":["10.0.0.1/32"],"ipv6_nets":["::1/128"]}`,
		`{"kind":"ClusterInformation","spec":{"datastoreReady":true,"clusterGUID":"g"}}`,
	}
}

// mutated returns a document that was sound, with some of its values replaced by
// hostile ones, and sometimes with bytes that are damaged.
func mutated(r *rand.Rand, sound string) []byte {
	var tree any
	if err := json.Unmarshal([]byte(sound), &tree); err != nil {
		panic(err)
	}
	for range 1 + r.IntN(3) {
		tree = replaceOne(r, tree)
	}
	document, err := json.Marshal(tree)
	if err != nil {
		panic(err)
	}
	switch at := r.IntN(len(document) + 1); r.IntN(6) {
	case 0:
		document = slices.Insert(document, at, []byte{0xff, 0x1b, '"', '{', 0, ',', '\\'}[r.IntN(7)])
	case 1:
		document = document[:at]
	}
	return document
}

// replaceOne goes down the tree by chance, and puts a hostile value where it ends.
func replaceOne(r *rand.Rand, node any) any {
	switch n := node.(type) {
	case map[string]any:
		if len(n) > 0 && r.IntN(8) > 0 {
			keys := slices.Sorted(maps.Keys(n))
			key := keys[r.IntN(len(keys))]
			if r.IntN(12) == 0 {
				n["\x1b\u202e"+key] = n[key]
			}
			n[key] = replaceOne(r, n[key])
			return n
		}
	case []any:
		if len(n) > 0 && r.IntN(8) > 0 {
			i := r.IntN(len(n))
			n[i] = replaceOne(r, n[i])
			return n
		}
	}
	values := hostileValues()
	return json.RawMessage(values[r.IntN(len(values))])
}

// TestMutatedDocuments runs the commands on documents that are nearly right, the
// same ones each time.
func TestMutatedDocuments(t *testing.T) {
	t.Parallel()
	rounds := uint64(12)
	if testing.Short() {
		rounds = 3
	}
	l := newLab(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for i, sound := range soundDocuments() {
		l.check(ctx, t, byte(i), []byte(sound), 0xffff)
		for seed := range rounds {
			r := rand.New(rand.NewPCG(uint64(i), seed))
			document := mutated(r, sound)
			if l.check(ctx, t, byte(i), document, uint16(r.Uint32())); t.Failed() {
				t.Fatalf("in %s, with seed %d: %q", hostilePlaces()[i], seed, document)
			}
		}
	}
}

// FuzzCommands runs the commands on any value in any of the places.
func FuzzCommands(f *testing.F) {
	for i, sound := range soundDocuments() {
		f.Add(byte(i), []byte(sound), uint16(1<<i))
		for j, value := range hostileValues() {
			if j%len(soundDocuments()) == i {
				f.Add(byte(i), []byte(value), uint16(1<<(j%14)))
			}
		}
	}
	l := newLab(f)
	f.Fuzz(func(t *testing.T, place byte, document []byte, which uint16) {
		ctx, cancel := context.WithTimeout(t.Context(), safetyNet)
		defer cancel()
		l.check(ctx, t, place, document, which)
	})
}
