package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

const (
	resources  = "/calico/resources/v3/projectcalico.org/"
	v1Rules    = `{"inbound_rules":[{"action":"deny"}],"outbound_rules":[]}`
	newListing = "Inbound rules:\n1 allow\n2 deny\n3 log\nOutbound rules:\n"
	storedWeb  = `{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":"web"},"spec":{"ingress":[{"action":"Allow"},{"action":"Deny"}],"egress":[],"labelsToApply":{"web":""}}}`
	userSecret = "least-secret"
)

// A trial is what the test types for a command of the table in docs/etcd.md, what
// NAME and NEW are in it, and the standard input.
type trial struct{ words, name, new, stdin string }

// trials has every command of the table, and each changes something, so that it
// needs all that the command ever needs.
func trials() map[string]trial {
	return map[string]trial{
		"profile NAME rule show": {"profile web rule show", "web", "", ""},
		"profile NAME rule test": {"profile web rule test inbound", "web", "", ""},

		"profile NAME rule test inbound from ADDRESS":  {"profile web rule test inbound from 192.0.2.7", "web", "", ""},
		"profile NAME rule test inbound --endpoint=ID": {"profile cache rule test inbound --endpoint=cache1", "cache", "", ""},

		"profile NAME rule diff":             {"profile web rule diff -f -", "web", "", newListing},
		"profile NAME rule json":             {"profile web rule json", "web", "", ""},
		"profile NAME tag show":              {"profile web tag show", "web", "", ""},
		"profile NAME history":               {"profile web history", "web", "", ""},
		"profile NAME undo":                  {"profile web undo", "web", "", ""},
		"profile export NAME":                {"profile export web", "web", "", ""},
		"profile export":                     {"profile export", "", "", ""},
		"profile NAME lint":                  {"profile web lint", "web", "", ""},
		"profile lint":                       {"profile lint", "", "", ""},
		"profile graph":                      {"profile graph", "", "", ""},
		"profile show":                       {"profile show", "", "", ""},
		"profile show --detailed":            {"profile show --detailed", "", "", ""},
		"profile add NAME":                   {"profile add fresh", "fresh", "", ""},
		"profile NAME rule add":              {"profile web rule add inbound allow from tag other", "web", "", ""},
		"profile NAME rule remove":           {"profile web rule remove inbound --at=1", "web", "", ""},
		"profile NAME rule move":             {"profile web rule move inbound --from=1 --to=2", "web", "", ""},
		"profile NAME rule replace":          {"profile web rule replace inbound --at=1 allow udp", "web", "", ""},
		"profile NAME rule apply":            {"profile web rule apply -f -", "web", "", newListing},
		"profile NAME rule edit":             {"profile web rule edit", "web", "", ""},
		"profile NAME rule update":           {"profile web rule update", "web", "", v1Rules},
		"profile apply":                      {"profile apply -f -", "web", "", "Profile web\n" + newListing},
		"profile NAME tag add":               {"profile web tag add public", "web", "", ""},
		"profile NAME tag remove":            {"profile web tag remove web", "web", "", ""},
		"profile remove NAME":                {"profile remove web", "web", "", ""},
		"profile remove NAME --no-check":     {"profile remove web --no-check", "web", "", ""},
		"profile copy NAME NEW":              {"profile copy web fresh", "web", "fresh", ""},
		"profile migrate NAME NEW":           {"profile migrate OLD fresh", "OLD", "fresh", ""},
		"profile migrate NAME NEW --keep":    {"profile migrate OLD fresh --keep", "OLD", "fresh", ""},
		"profile migrate NAME NEW --dry-run": {"profile migrate OLD fresh --dry-run", "OLD", "fresh", ""},
		"profile migrate --all":              {"profile migrate --all", "", "", ""},
	}
}

// A right is a permission for a key, or for all that begin with one that ends in
// "/".
type right struct{ permission, key string }

// leastRights reads the table: what each command needs.
func leastRights(t *testing.T) map[string][]right {
	t.Helper()
	least := map[string][]right{}
	code := regexp.MustCompile("`([^`]*)`")
	for line := range strings.Lines(etcdDocument(t)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 || !strings.Contains(cells[1], "`profile ") {
			continue
		}
		var rights []right
		for i, permission := range []string{"read", "readwrite"} {
			for _, key := range code.FindAllStringSubmatch(cells[2+i], -1) {
				if !strings.HasPrefix(key[1], "/") {
					key[1] = resources + key[1]
				}
				rights = append(rights, right{permission, key[1]})
			}
		}
		for _, command := range code.FindAllStringSubmatch(cells[1], -1) {
			least[command[1]] = rights
		}
	}
	return least
}

func etcdDocument(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", "etcd.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// A guarded is an etcd with users, and what a test does with it as root.
type guarded struct {
	t      *testing.T
	etcd   *embedetcd.Server
	client *clientv3.Client
	held   []right // of the role least
}

func newGuarded(t *testing.T) *guarded {
	t.Helper()
	server, err := embedetcd.Start(t.Context(), embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	g := &guarded{t: t, etcd: server}
	g.connect(clientv3.Config{})
	g.must(etcdtest.Users(t.Context(), g.client, "role least\nuser least "+userSecret+" least"))
	g.connect(clientv3.Config{Username: "root", Password: etcdtest.RootPassword})
	return g
}

func (g *guarded) connect(config clientv3.Config) {
	g.t.Helper()
	config.Endpoints, config.Logger = []string{g.etcd.Endpoint()}, zap.NewNop()
	var err error
	g.client, err = clientv3.New(config)
	g.must(err)
	client := g.client
	g.t.Cleanup(func() { _ = client.Close() })
}

func (g *guarded) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// hold gives the user these rights and no others.
func (g *guarded) hold(rights []right) {
	g.t.Helper()
	for _, r := range g.held {
		g.must(etcdtest.Revoke(g.t.Context(), g.client, "least", r.key))
	}
	g.held = rights
	for _, r := range rights {
		g.must(etcdtest.Grant(g.t.Context(), g.client, "least", r.permission, r.key))
	}
}

// reset puts etcd into the state in which every trial has something to do.
func (g *guarded) reset() {
	g.t.Helper()
	_, err := g.client.Delete(g.t.Context(), resources, clientv3.WithPrefix())
	g.must(err)
	_, err = g.client.Put(g.t.Context(), resources+"profiles/web", strings.Replace(storedWeb, "Deny", "Log", 1)) // for undo
	g.must(err)
	for key, value := range map[string]string{
		resources + "profiles/web":            storedWeb,
		resources + "profiles/cache":          strings.ReplaceAll(storedWeb, "web", "cache"),
		resources + "hostendpoints/cache1":    `{"kind":"HostEndpoint","spec":{"profiles":["cache"]}}`,
		"/calico/v1/policy/profile/OLD/rules": `{"inbound_rules":[],"outbound_rules":[]}`,
		"/calico/v1/policy/profile/OLD/tags":  `[]`,
		"/calico/v1/policy/profile/old/rules": `{"inbound_rules":[],"outbound_rules":[]}`,
	} {
		_, err := g.client.Put(g.t.Context(), key, value)
		g.must(err)
	}
}

func (g *guarded) revision() int64 {
	g.t.Helper()
	answer, err := g.client.Get(g.t.Context(), resources)
	g.must(err)
	return answer.Header.Revision
}

// runs runs a command as a user and returns its exit code and what it says on
// standard error.
func (g *guarded) runs(user string, typed trial) (code int, said string) {
	g.t.Helper()
	environment := map[string]string{
		"ETCD_ENDPOINTS": g.etcd.Endpoint(), "ETCD_USERNAME": user, "ETCD_PASSWORD": user + "-secret", "CALICOCTL_LITERAL": "1",
		"VISUAL": "sed -i s/deny/log/", // for rule edit
	}
	ctx, cancel := context.WithTimeout(g.t.Context(), safetyNet)
	defer cancel()
	var stdout, stderr bytes.Buffer
	code = run(ctx, strings.Fields(typed.words), strings.NewReader(typed.stdin), &stdout, &stderr, variables(environment))
	if kept := regexp.MustCompile(`the text is kept in (\S+)`).FindStringSubmatch(stderr.String()); kept != nil { // by rule edit
		g.must(os.Remove(kept[1]))
	}
	return code, stderr.String()
}

// With exactly the rights that docs/etcd.md lists each command works; without
// any one of them it fails, names what is missing, and writes nothing.
func TestLeastRights(t *testing.T) {
	t.Parallel()
	least, all := leastRights(t), trials()
	g := newGuarded(t)
	for command, rights := range least {
		trial, known := all[command]
		if !known {
			t.Errorf("docs/etcd.md lists %q, which is not tried here", command)
			continue
		}
		names := strings.NewReplacer("NAME", trial.name, "NEW", trial.new)
		named := make([]right, len(rights))
		for i, r := range rights {
			named[i] = right{r.permission, names.Replace(r.key)}
		}
		t.Run(command, func(t *testing.T) {
			g.reset()
			g.hold(named)
			if code, said := g.runs("least", trial); code != exitDone && code != exitNo && command != "profile migrate --all" || strings.Contains(said, "may not") {
				t.Errorf("with all of %v: exit code %d: %s", named, code, said)
			}
			for i, r := range named {
				rest := append(append([]right{}, named[:i]...), named[i+1:]...)
				g.wantDenied(t, trial, rest, "read", r.key)
				if r.permission == "readwrite" {
					g.wantDenied(t, trial, append(rest, right{"read", r.key}), "write", r.key)
				}
			}
		})
	}
	for command := range all {
		if least[command] == nil {
			t.Errorf("docs/etcd.md does not list %q", command)
		}
	}
}

// Every command on profiles stands in the table.
func TestEveryCommandHasRights(t *testing.T) {
	t.Parallel()
	least := leastRights(t)
	var look func(c *cobra.Command, path string)
	look = func(c *cobra.Command, path string) {
		for _, sub := range c.Commands() {
			words := path + " " + sub.Name()
			if path == "profile" && cli.StandsAfter(sub.Name()) {
				words = path + " NAME " + sub.Name()
			}
			look(sub, words)
			listed := sub.HasSubCommands()
			for command := range least {
				listed = listed || strings.HasPrefix(command+" ", words+" ")
			}
			if !listed {
				t.Errorf("docs/etcd.md does not say what an etcd user needs for %q", words)
			}
		}
	}
	profile, _, err := (&app{}).command().Find([]string{"profile"})
	if err != nil {
		t.Fatal(err)
	}
	look(profile, "profile")
}

// wantDenied runs a command with these rights; it must say which of the keys
// below one it may not read or write.
func (g *guarded) wantDenied(t *testing.T, typed trial, rights []right, verb, key string) {
	t.Helper()
	g.reset()
	g.hold(rights)
	before := g.revision()
	code, said := g.runs("least", typed)
	pattern := regexp.MustCompile(`(?m)^calicoctl: .*etcd user "least" may not ` + verb + ` (all keys that begin with )?(\S+); one of its roles must have the permission `)
	found := pattern.FindStringSubmatch(said)
	if code != exitRefused || found == nil || found[2] != key && !(strings.HasSuffix(key, "/") && strings.HasPrefix(found[2], key)) {
		t.Errorf("with %v: exit code %d, want %d and that it may not %s %s, but it says\n%s", rights, code, exitRefused, verb, key, said)
	}
	if g.revision() != before {
		t.Errorf("with %v it has written something", rights)
	}
}

// The roles that docs/etcd.md makes are enough for what it says of them, and not
// for more.
func TestDocumentedRoles(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	for line := range strings.Lines(etcdDocument(t)) {
		if command, found := strings.CutPrefix(strings.TrimSpace(line), "etcdctl role "); found {
			g.must(roleCommand(t.Context(), g.client, strings.Fields(command)))
		}
	}
	for _, role := range []string{"reader", "editor", "admin"} {
		_, err := g.client.UserAdd(t.Context(), role, role+"-secret")
		g.must(err)
		for _, granted := range []string{"calico-reader", "calico-" + role} {
			_, err = g.client.UserGrantRole(t.Context(), role, granted)
			g.must(err)
		}
	}
	for command, trial := range trials() {
		rank := 2 // the first of the three that may do it
		switch words := " " + command + " "; {
		case strings.Contains(words, " migrate "):
			rank = 3
		case slices.ContainsFunc([]string{" show ", " json ", " diff ", " export ", " test ", " lint ", " graph ", " history "}, func(verb string) bool { return strings.Contains(words, verb) }):
			rank = 1
		}
		for i, role := range []string{"reader", "editor", "admin"} {
			g.reset()
			code, said := g.runs(role, trial)
			if denied := strings.Contains(said, "may not"); denied != (i+1 < rank) {
				t.Errorf("%s: %s: exit code %d: %s", role, command, code, said)
			}
		}
	}
}

// roleCommand does what "etcdctl role" does.
func roleCommand(ctx context.Context, client *clientv3.Client, words []string) error {
	switch {
	case len(words) == 2 && words[0] == "add":
		_, err := client.RoleAdd(ctx, words[1])
		return err
	case len(words) == 4 && words[0] == "grant-permission" && !strings.HasSuffix(words[3], "/"):
		return etcdtest.Grant(ctx, client, words[1], words[2], words[3])
	case len(words) == 5 && words[0] == "grant-permission" && words[1] == "--prefix" && strings.HasSuffix(words[4], "/"):
		return etcdtest.Grant(ctx, client, words[2], words[3], words[4])
	}
	return fmt.Errorf("not understood: %q", words)
}
