package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// seedVariable is the environment variable that repeats a run of TestModel.
const seedVariable = "CALICOCTL_TEST_SEED"

// TestModel runs random sequences of commands and compares everything that they
// print, and what is there at the end, with a model that knows nothing of etcd or
// of this program's packages.
func TestModel(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s=%d repeats this run", seedVariable, seed)
	ctx, cancel := context.WithTimeout(context.Background(), safetyNet)
	defer cancel()
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	for number := range uint64(200) {
		t.Run(strconv.FormatUint(number, 10), func(t *testing.T) {
			t.Parallel()
			m := newModel(t, server.Endpoint(), rand.New(rand.NewPCG(seed, number)), number)
			for range 5 + m.random.IntN(8) {
				m.step()
			}
			m.compareAll()
			if t.Failed() {
				t.Logf("%s=%d, the commands were:\n%s", seedVariable, seed, strings.Join(m.history, "\n"))
			}
		})
	}
}

// A modelProfile is what a profile holds.
type modelProfile struct {
	lists map[string][]modelRule // by direction
	tags  map[string]bool
}

// A model is the state of all profiles of one sequence.
type model struct {
	t        *testing.T
	endpoint string
	random   *rand.Rand
	names    []string
	profiles map[string]*modelProfile
	history  []string

	inProcess bool   // instead of in processes of their own
	printed   string // by the last command
}

func newModel(t *testing.T, endpoint string, random *rand.Rand, number uint64) *model {
	t.Helper()
	m := &model{t: t, endpoint: endpoint, random: random, profiles: map[string]*modelProfile{}, inProcess: withRaceDetector()}
	for _, letter := range []string{"a", "b", "c"} {
		m.names = append(m.names, fmt.Sprintf("m%d%s", number, letter))
	}
	m.expect(answer{stdout: m.create(m.names[0])}, "", "profile", "add", m.names[0])
	return m
}

func pick[T any](m *model, list ...T) T { return list[m.random.IntN(len(list))] }

// answer is what a command must say. Failures say nothing on standard output.
type answer struct {
	code     int
	stdout   string
	document any  // instead of stdout, a JSON value
	anything bool // instead of stdout
}

var refused = answer{code: 1}

// run runs a command line with the real binary; under the race detector, where
// a process takes long to start, as the program does in this one.
func (m *model) run(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	if !m.inProcess {
		cmd := exec.CommandContext(m.t.Context(), "calicoctl", append([]string{"--timeout=60s"}, args...)...)
		cmd.Env = append(cmd.Environ(), "ETCD_ENDPOINTS="+m.endpoint, "CALICOCTL_LITERAL=1")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &err
		var exit *exec.ExitError
		if failed := cmd.Run(); failed != nil && !errors.As(failed, &exit) {
			m.t.Fatal(failed)
		}
		return cmd.ProcessState.ExitCode(), out.String(), err.String()
	}
	lookupEnv := variables(map[string]string{"ETCD_ENDPOINTS": m.endpoint, "CALICOCTL_LITERAL": "1"})
	code = run(context.Background(), append([]string{"--timeout=60s"}, args...), strings.NewReader(stdin), &out, &err, lookupEnv)
	return code, out.String(), err.String()
}

// expect runs a command line and compares what it says.
func (m *model) expect(want answer, stdin string, args ...string) {
	m.t.Helper()
	line := "calicoctl " + strings.Join(args, " ")
	if stdin != "" {
		line += " <<< '" + stdin + "'"
	}
	m.history = append(m.history, line)
	code, stdout, stderr := m.run(stdin, args...)
	m.printed = stdout
	if code != want.code {
		m.t.Errorf("%s\nends with %d, want %d; it says: %s", line, code, want.code, stderr)
	}
	if code != 0 && !strings.HasPrefix(stderr, "calicoctl: ") {
		m.t.Errorf("%s\nends with %d and says on standard error: %q", line, code, stderr)
	}
	switch {
	case want.anything:
	case want.document == nil:
		if stdout != want.stdout {
			m.t.Errorf("%s\nprints:\n%s\nwant:\n%s", line, stdout, want.stdout)
		}
	default:
		var got any
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || !reflect.DeepEqual(m.withoutOrigin(got, args[1]), want.document) {
			m.t.Errorf("%s\nprints (%v):\n%s\nwant:\n%v", line, err, stdout, want.document)
		}
	}
}

// step does one random command.
func (m *model) step() {
	name := pick(m, m.names...)
	if m.random.IntN(3) > 0 {
		name = m.names[0] // so that most of what happens, happens to one
	}
	direction := pick(m, "inbound", "inbound", "outbound")
	pick(m,
		func() { m.expect(answer{stdout: m.create(name)}, "", "profile", "add", name) },
		func() { m.removeProfile(name) },
		func() { m.addRule(name, direction) },
		func() { m.addRule(name, direction) },
		func() { m.addRule(name, direction) },
		func() { m.insertRule(name, direction) },
		func() { m.insertRule(name, direction) },
		func() { m.insertRule(name, direction) },
		func() { m.removeRule(name, direction) },
		func() { m.removeRule(name, direction) },
		func() { m.removeAt(name, direction) },
		func() { m.removeAt(name, direction) },
		func() { m.update(name) },
		func() { m.update(name) },
		func() { m.moveRule(name, direction) },
		func() { m.replaceRule(name, direction) },
		func() { m.apply(name) },
		func() { m.dryRun(name) },
		func() { m.showDocument(name) },
		func() { m.addTag(name) },
		func() { m.addTag(name) },
		func() { m.removeTag(name) },
		func() { m.copy(name, pick(m, m.names...)) },
		func() { m.compare(name) },
	)()
}

// create makes a profile if there is none, and returns what is said.
func (m *model) create(name string) string {
	if m.profiles[name] != nil {
		return "Profile " + name + " already exists.\n"
	}
	m.profiles[name] = &modelProfile{
		lists: map[string][]modelRule{
			"inbound": {{
				text: "allow from tag " + name, same: "allow from tag " + name,
				json: map[string]any{"action": "allow", "src_tag": name},
			}},
			"outbound": {{text: "allow", same: "allow", json: map[string]any{"action": "allow"}}},
		},
		tags: map[string]bool{name: true},
	}
	return "Created profile " + name + "\n"
}

func (m *model) removeProfile(name string) {
	args := []string{"profile", "remove", name}
	if m.random.IntN(2) == 0 {
		args = append(args, "--no-check")
	}
	if m.profiles[name] == nil {
		m.expect(refused, "", args...)
		return
	}
	delete(m.profiles, name)
	m.expect(answer{stdout: "Deleted profile " + name + "\n"}, "", args...)
}

// withoutOrigin takes out of a printed document which profile it is of.
func (m *model) withoutOrigin(printed any, profile string) any {
	m.t.Helper()
	members, _ := printed.(map[string]any)
	origin, _ := members["calicoctl"].(map[string]any)
	revision, _ := origin["revision"].(float64)
	if origin["profile"] != profile || revision < 1 {
		m.t.Errorf("the document of profile %s says that it is of %v", profile, origin)
	}
	delete(members, "calicoctl")
	return printed
}

// document returns a rules document as a JSON value.
func document(lists map[string][]modelRule) map[string]any {
	value := map[string]any{}
	for direction, list := range lists {
		found := make([]any, len(list))
		for i, r := range list {
			found[i] = r.json
		}
		value[direction+"_rules"] = found
	}
	return value
}

// update sets both lists to random rules, some of which stand there already.
func (m *model) update(name string) {
	p := m.profiles[name]
	now := map[string][]modelRule{"inbound": {}, "outbound": {}}
	for direction := range now {
		for range m.random.IntN(4) {
			now[direction] = append(now[direction], m.rule())
		}
	}
	if p != nil {
		for _, direction := range []string{"inbound", "outbound"} {
			for _, r := range p.lists[direction] {
				if m.random.IntN(2) == 0 {
					at := m.random.IntN(len(now[direction]) + 1)
					now[direction] = slices.Insert(now[direction], at, r)
				}
			}
		}
	}
	for direction, list := range now {
		alike(p, direction, list)
	}
	value := document(now)
	broken := m.random.IntN(5) == 0
	if broken {
		pick(m,
			func() { delete(value, "outbound_rules") },
			func() { value["rules"] = []any{} },
			func() { value["inbound_rules"] = []any{map[string]any{"action": "allow", "dst_port": 80}} },
			func() { value["inbound_rules"] = []any{map[string]any{"protocol": "tcp", "dst_ports": []any{70000}}} },
		)()
	}
	raw, err := json.Marshal(value)
	if err != nil {
		m.t.Fatal(err)
	}
	args := []string{"profile", name, "rule", "update"}
	if p == nil || broken {
		m.expect(refused, string(raw), args...)
		return
	}
	for direction, list := range now {
		p.lists[direction] = keepStored(p.lists[direction], list)
	}
	m.expect(answer{stdout: "Successfully updated rules on profile " + name + "\n"}, string(raw), args...)
}

// keepStored returns the new list, in which a rule that equals a stored one is
// that one: the same but for the order of its ports.
func keepStored(stored, now []modelRule) []modelRule {
	left := slices.Clone(stored)
	list := make([]modelRule, len(now))
	for i, r := range now {
		list[i] = r
		if at := positionsOf(left, r); len(at) > 0 {
			list[i] = left[at[0]-1]
			left = slices.Delete(left, at[0]-1, at[0])
		}
	}
	return list
}

func (m *model) showDocument(name string) {
	args := []string{"profile", name, "rule", "json"}
	if m.profiles[name] == nil {
		m.expect(refused, "", args...)
		return
	}
	m.expect(answer{document: document(m.profiles[name].lists)}, "", args...)
}

func (m *model) addTag(name string) {
	tag := pick(m, append(m.names, "red", "Blue_2", strings.Repeat("long-", 13))...)
	args := []string{"profile", name, "tag", "add", tag}
	p := m.profiles[name]
	switch {
	case p == nil, strings.HasSuffix(tag, "-"): // Felix refuses the last
		m.expect(refused, "", args...)
	case p.tags[tag]:
		m.expect(answer{stdout: "Tag " + tag + " is already on profile " + name + "\n"}, "", args...)
	default:
		p.tags[tag] = true
		m.expect(answer{stdout: "Tag " + tag + " added to profile " + name + "\n"}, "", args...)
	}
}

func (m *model) removeTag(name string) {
	tag := pick(m, append(m.names, "red", "Blue_2")...)
	args := []string{"profile", name, "tag", "remove", tag}
	if p := m.profiles[name]; p == nil || !p.tags[tag] {
		m.expect(refused, "", args...)
		return
	}
	delete(m.profiles[name].tags, tag)
	m.expect(answer{stdout: "Tag " + tag + " removed from profile " + name + "\n"}, "", args...)
}

func (m *model) copy(name, to string) {
	args := []string{"profile", "copy", name, to}
	p := m.profiles[name]
	if p == nil || m.profiles[to] != nil {
		m.expect(refused, "", args...)
		return
	}
	made := &modelProfile{
		lists: map[string][]modelRule{
			"inbound": slices.Clone(p.lists["inbound"]), "outbound": slices.Clone(p.lists["outbound"]),
		},
		tags: map[string]bool{},
	}
	for tag := range p.tags {
		if tag == name {
			tag = to
		}
		made.tags[tag] = true
	}
	m.profiles[to] = made
	m.expect(answer{stdout: "Created profile " + to + ", a copy of " + name + "\n"}, "", args...)
}

// compare compares what is shown of a profile with the model.
func (m *model) compare(name string) {
	p := m.profiles[name]
	showRules, showTags := []string{"profile", name, "rule", "show"}, []string{"profile", name, "tag", "show"}
	if p == nil {
		m.expect(refused, "", showRules...)
		m.expect(refused, "", showTags...)
		return
	}
	var listing, tags strings.Builder
	for _, direction := range []string{"inbound", "outbound"} {
		listing.WriteString(strings.ToUpper(direction[:1]) + direction[1:] + " rules:\n")
		for i, r := range p.lists[direction] {
			fmt.Fprintf(&listing, "%4d %s\n", i+1, r.text)
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(p.tags)) {
		tags.WriteString(tag + "\n")
	}
	m.expect(answer{stdout: listing.String()}, "", showRules...)
	m.expect(answer{stdout: tags.String()}, "", showTags...)
}

func (m *model) compareAll() {
	for _, name := range m.names {
		m.compare(name)
	}
	m.showDocument(m.names[0])
}
