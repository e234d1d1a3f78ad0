package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// marker stands in everything that is secret, in several disguises.
const marker = "hunter2"

// A vault is where the secrets of a test are: two etcds, one with passwords and
// one with certificates, and files.
type vault struct {
	t      *testing.T
	dir    string
	plain  string // endpoint of the etcd with passwords
	secure string // of that with certificates
	keys   []string
}

func newVault(t *testing.T) *vault {
	t.Helper()
	v := &vault{t: t, dir: t.TempDir()}
	ca, err := etcdtest.NewAuthority(v.dir, "authority")
	v.must(err)
	v.must(issueAll(ca))
	for _, name := range []string{"tester", "late", "ca"} {
		content, err := os.ReadFile(ca.File(name + ".key"))
		v.must(err)
		v.keys = append(v.keys, strings.Split(strings.TrimSpace(string(content)), "\n")[1:3]...)
	}
	v.secure = v.start(embedetcd.Options{ClientTLS: &transport.TLSInfo{
		CertFile: ca.File("server.crt"), KeyFile: ca.File("server.key"), TrustedCAFile: ca.File("ca.crt"), ClientCertAuth: true,
	}})
	v.plain = v.start(embedetcd.Options{})
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{v.plain}, Logger: zap.NewNop()})
	v.must(err)
	defer client.Close()
	v.must(etcdtest.Users(t.Context(), client, "role all\ngrant all readwrite /calico/\nrole read\ngrant read read /calico/\n"+
		"user writer "+marker+" all\nuser reader "+marker+" read"))
	return v
}

func (v *vault) start(options embedetcd.Options) (endpoint string) {
	v.t.Helper()
	options.Fast = true
	server, err := embedetcd.Start(v.t.Context(), options)
	v.must(err)
	v.t.Cleanup(func() { _ = server.Close() })
	return server.Endpoint()
}

func (v *vault) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *vault) file(name, content string) string {
	v.t.Helper()
	name = filepath.Join(v.dir, name)
	v.must(os.WriteFile(name, []byte(content), 0o600))
	return name
}

// configFile is a file of the right kind with a spec.
func (v *vault) configFile(name, spec string) string {
	v.t.Helper()
	return v.file(name, "kind: CalicoAPIConfig\napiVersion: projectcalico.org/v3\nspec: "+spec)
}

// Whatever a command does, and however it fails, it prints no secret, and what
// it is told to log holds none.
func TestNoSecretIsPrinted(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	v.must(err)
	t.Cleanup(func() { _ = silent.Close() })
	for name, environment := range v.environments("http://" + silent.Addr().String()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, words := range []string{
				"profile add NAME", "profile NAME rule add inbound allow udp", "profile NAME rule show -o json", "profile show --detailed",
				"profile migrate --all", "profile NAME rule update", "profile remove NAME",
			} {
				v.wantSilence(t, v.command(t.Context(), name, environment, words+" --timeout=500ms --log-level=debug"))
			}
		})
	}
}

// environments are all ways of giving secrets, right and wrong ones.
func (v *vault) environments(silent string) map[string][]string {
	user := "ETCD_USERNAME=writer"
	password := "ETCD_PASSWORD=" + marker
	file := func(name string) string { return filepath.Join(v.dir, name) }
	read := func(name string) string {
		content, err := os.ReadFile(file(name))
		v.must(err)
		return string(content)
	}
	indented := func(name string) string { return "|\n    " + strings.ReplaceAll(read(name), "\n", "\n    ") }
	certificate := func(name string) []string {
		return []string{
			"ETCD_ENDPOINTS=" + v.secure, "ETCD_CA_CERT_FILE=" + file("ca.crt"), "ETCD_CERT_FILE=" + file(name+".crt"), "ETCD_KEY_FILE=" + file(name+".key"),
		}
	}
	with := func(list []string, more ...string) []string { return append(append([]string{}, list...), more...) }
	plain := []string{"ETCD_ENDPOINTS=" + v.plain, user, password}
	config := func(name, spec string) []string { return []string{"CONFIG=" + v.configFile(name+".cfg", spec)} }
	return map[string][]string{
		"password":        plain,
		"reader":          {"ETCD_ENDPOINTS=" + v.plain, "ETCD_USERNAME=reader", password},
		"wrong password":  {"ETCD_ENDPOINTS=" + v.plain, user, password + "x"},
		"password only":   {"ETCD_ENDPOINTS=" + v.plain, password},
		"no answer":       {"ETCD_ENDPOINTS=" + silent, user, password},
		"refused":         {"ETCD_ENDPOINTS=http://127.0.0.1:1", user, password},
		"not http":        {"ETCD_ENDPOINTS=" + v.secure, user, password},
		"in url":          {"ETCD_ENDPOINTS=http://writer:" + marker + "@127.0.0.1:2379"},
		"in url, comma":   {"ETCD_ENDPOINTS=http://writer:" + marker + "," + marker + "@127.0.0.1:2379"},
		"in url, slash":   {"ETCD_ENDPOINTS=http://writer:" + marker + "/" + marker + "@127.0.0.1:2379"},
		"in authority":    {"ETCD_AUTHORITY=writer:" + marker + "@127.0.0.1:2379"},
		"certificate":     certificate("tester"),
		"expired":         certificate("late"),
		"unknown server":  certificate("tester")[:1],
		"key in variable": with(certificate("tester"), "ETCD_KEY_FILE="+read("tester.key")),
		"mixed up":        with(certificate("tester"), "ETCD_CERT_FILE="+file("tester.key")),
		"other key":       with(certificate("tester"), "ETCD_KEY_FILE="+file("late.key")),
		"key as CA":       with(certificate("tester"), "ETCD_CA_CERT_FILE="+file("ca.key")),
		"damaged key":     with(certificate("tester"), "ETCD_KEY_FILE="+v.file("damaged.key", "-----BEGIN PRIVATE KEY-----\n"+marker+"\n")),
		"docker":          with(plain, "DOCKER_HOST=tcp://me:"+marker+"@127.0.0.1:1"),
		"docker port":     with(plain, "DOCKER_HOST=tcp://me:"+marker+"@127.0.0.1:port"),
		"docker slash":    with(plain, "DOCKER_HOST=tcp://me:"+marker+"/"+marker+"@127.0.0.1:1"),
		"docker bare":     with(plain, "DOCKER_HOST=me:"+marker+"@127.0.0.1:1"),
		"docker ssh":      with(plain, "DOCKER_HOST=ssh://me:"+marker+"@127.0.0.1:1"),
		"file":            config("file", "{etcdEndpoints: '"+v.plain+"', etcdUsername: writer, etcdPassword: "+marker+"}"),
		"file for others": append(config("others", "{etcdEndpoints: 'http://127.0.0.1:1', etcdUsername: x, etcdPassword: "+marker+"}"), plain...),
		"file, in url":    append(config("url", "{etcdEndpoints: 'http://x:"+marker+"@127.0.0.1:1'}"), plain...),
		"file, inline": config("inline", "\n  etcdEndpoints: "+v.secure+"\n  etcdCACertFile: "+file("ca.crt")+
			"\n  etcdCertFile: "+file("tester.crt")+"\n  etcdKey: "+indented("tester.key")),
		"file, junk inline": config("junk", "{etcdEndpoints: '"+v.secure+"', etcdKey: "+marker+", etcdCert: "+marker+", etcdCACert: "+marker+"}"),
		"file, wrong type":  config("type", "{etcdPassword: ["+marker+"], etcdKey: {"+marker+": 1}}"),
		"file, no YAML":     config("syntax", "{etcdPassword: "+marker+" ]"),
		"file, a text":      config("text", marker),
		"file, key twice":   config("twice", "{etcdPassword: "+marker+", etcdPassword: "+marker+"}"),
		"file, number":      config("number", "{etcdPassword: !!int "+marker+"}"),
		"file, alias":       config("alias", "{etcdPassword: *"+marker+"}"),
	}
}

// command prepares a command with the name of a profile in the words. CONFIG in
// the environment becomes a flag.
func (v *vault) command(ctx context.Context, name string, environment []string, words string) *exec.Cmd {
	args := strings.Fields(strings.ReplaceAll(words, "NAME", strings.NewReplacer(",", "", " ", "-").Replace(name)))
	for _, pair := range environment {
		if file, found := strings.CutPrefix(pair, "CONFIG="); found {
			args = append(args, "--config="+file)
		}
	}
	cmd := exec.CommandContext(ctx, "calicoctl", args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "DOCKER_HOST=unix://" + filepath.Join(v.dir, "none.sock"), raceOptions}, environment...)
	cmd.Stdin = strings.NewReader(`{"inbound_rules":[],"outbound_rules":[]}`)
	return cmd
}

// wantSilence runs a command and looks for secrets in all that it prints.
func (v *vault) wantSilence(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	printed, err := cmd.CombinedOutput()
	if len(printed) == 0 {
		t.Errorf("%v prints nothing: %v", cmd.Args, err)
	}
	for _, secret := range append([]string{marker, "writer:", "me:"}, v.keys...) {
		if strings.Contains(string(printed), secret) {
			t.Errorf("%v prints %s:\n%s", cmd.Args, secret, printed)
		}
	}
}

// The secrets of the test above are used: with them, commands work.
func TestSecretsAreThere(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	if len(v.keys) != 6 || strings.Contains(strings.Join(v.keys, ""), "-----") {
		t.Errorf("parts of keys: %q", v.keys)
	}
	all := v.environments("")
	for _, name := range []string{"password", "certificate", "file", "file for others", "file, inline", "docker ssh"} {
		cmd := v.command(t.Context(), name, all[name], "--literal profile add NAME")
		if printed, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(printed), "Created profile") {
			t.Errorf("%s: %v\n%s", name, err, printed)
		}
	}
}
