package etcd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

func TestLoadConfigErrors(t *testing.T) {
	t.Parallel()
	const kubernetes = "the datastore type is kubernetes; there, profiles are read-only, made from namespaces and service " +
		"accounts, so there is nothing to edit (DATASTORE_TYPE=etcdv3 uses etcd)"
	const wrong = "the configuration file FILE is wrong: "
	const notKeys = wrong + "it is not a YAML document with keys and values"
	good := "kind: CalicoAPIConfig\n"
	for name, test := range map[string]struct {
		env  values
		file string
		text string
	}{
		"kubernetes":                 {env: values{"DATASTORE_TYPE": "kubernetes"}, file: good, text: kubernetes},
		"CALICO_ kubernetes":         {env: values{"DATASTORE_TYPE": "etcdv3", "CALICO_DATASTORE_TYPE": "kubernetes"}, file: good, text: kubernetes},
		"kubernetes in the file":     {file: good + "spec: {datastoreType: Kubernetes}", text: kubernetes},
		"etcdv2":                     {env: values{"DATASTORE_TYPE": "etcdv2"}, file: good, text: `the datastore type "etcdv2" is not known; etcdv3 is`},
		"control characters":         {env: values{"DATASTORE_TYPE": "\x1b[2J"}, file: good, text: `the datastore type "\x1b[2J" is not known; etcdv3 is`},
		"empty file":                 {file: "", text: `the configuration file FILE is of kind "", not CalicoAPIConfig`},
		"other kind":                 {file: "kind: Profile\n", text: `the configuration file FILE is of kind "Profile", not CalicoAPIConfig`},
		"not YAML":                   {file: "kind: [hunter2\n", text: wrong + "it is not a YAML document; see around line 1"},
		"a tab":                      {file: good + "spec:\n\tetcdPassword: hunter2\n", text: wrong + "it is not a YAML document; see around line 3"},
		"a text":                     {file: "hunter2", text: notKeys},
		"a list":                     {file: "- hunter2", text: notKeys},
		"binary":                     {file: "\x00\x01\xff", text: wrong + "it is not in UTF-8; save it as UTF-8"},
		"control characters in YAML": {file: "\x00\x01", text: wrong + "it is not a YAML document"},
		"a list of another key": {
			file: good + "spec: {etcdCACertFile: [a]}", text: wrong + "line 2: the value of etcdCACertFile has to be one text",
		},
		"a URL as authority": {
			env: values{"ETCD_AUTHORITY": "http://user:hunter2/"}, file: good,
			text: "ETCD_AUTHORITY has to be one host and port, such as 127.0.0.1:2379; URLs are for ETCD_ENDPOINTS",
		},
		"UTF-16 without a mark": {file: "k\x00i\x00n\x00d\x00", text: "the configuration file FILE cannot be read: the text is in UTF-16 without a byte-order mark; save it as UTF-8"},
		"list of endpoints": {
			file: good + "spec:\n  etcdEndpoints: [a, b]", text: wrong + "line 3: the value of etcdEndpoints has to be one text; endpoints are separated by commas",
		},
		"spec is a list": {file: good + "spec: [hunter2]", text: wrong + "line 2: below spec, keys and values are expected"},
		"spec is a text": {file: good + "spec: hunter2", text: wrong + "line 2: below spec, keys and values are expected"},
		"key twice": {
			file: good + "spec:\n  etcdPassword: a\n  etcdPassword: hunter2", text: wrong + "line 4: etcdPassword is given a second time, after line 3",
		},
		"key twice in another case": {
			file: good + "spec:\n  etcdEndpoints: http://a:1\n\n  etcdendpoints: http://b:1",
			text: wrong + "line 5: etcdEndpoints is given a second time, after line 3",
		},
		"typo": {
			file: good + "spec: {etcdEndpoint: http://a:1}", text: wrong + `line 2: "etcdEndpoint" is not a key of spec; did you mean etcdEndpoints?`,
		},
		"typo in another case": {
			file: good + "spec: {ETCD_ENDPOINTS: http://a:1}", text: wrong + `line 2: "ETCD_ENDPOINTS" is not a key of spec; did you mean etcdEndpoints?`,
		},
		"typo at the top": {file: good + "specs: {}", text: wrong + `line 2: "specs" is not a key of the top level; did you mean spec?`},
		"indented too little": {
			file: good + "spec:\netcdEndpoints: http://a:1", text: wrong + "line 3: etcdEndpoints is a key of spec, not of the top level; is it indented wrongly?",
		},
		"indented below metadata": {
			file: good + "metadata:\n  etcdendpoints: http://a:1\nspec:\n",
			text: wrong + "line 3: etcdEndpoints is a key of spec, not of metadata; is it indented wrongly?",
		},
		"unknown": {file: good + "spec: {endpoints: http://a:1}", text: wrong + `line 2: "endpoints" is not a key of spec`},
		"a secret where a key should be": {
			file: good + "spec: {hunter2}", text: wrong + "line 2: this is not a key of spec",
		},
		"the lines of a key": {
			file: good + "spec:\n  hunter2+Secret/: x", text: wrong + "line 3: this is not a key of spec",
		},
		"a merge":          {file: good + "metadata: &a {}\nspec: {<<: *a}", text: wrong + "line 3: this is not a key of spec"},
		"a key is a list":  {file: good + "spec: {[hunter2]: x}", text: wrong + "line 2: this is not a key of spec"},
		"second document":  {file: good + "---\nspec: {etcdEndpoints: http://a:1}\n", text: wrong + "line 2: a second YAML document begins here, and only one is read"},
		"Kubernetes alone": {file: good + "spec: {kubeconfig: /x}", text: kubernetes},
		"no endpoints": {
			file: good + "spec: {etcdEndpoints: ''}", text: "etcdEndpoints in FILE is set and has no value; is a shell variable empty?",
		},
		"no endpoints between commas": {
			file: good + "spec: {etcdEndpoints: ' , '}", text: "etcdEndpoints in FILE is set and has no value; is a shell variable empty?",
		},
		"no endpoints at all": {
			file: good + "spec:\n  etcdEndpoints:\n", text: "etcdEndpoints in FILE is set and has no value; is a shell variable empty?",
		},
		"endpoints are a comma": {
			env: values{"ETCD_ENDPOINTS": ","}, file: good, text: "ETCD_ENDPOINTS is set and has no value; is a shell variable empty?",
		},
		"a blank": {
			env: values{"CALICO_ETCD_USERNAME": " "}, file: good, text: "CALICO_ETCD_USERNAME is set and has no value; is a shell variable empty?",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := anyFile(t, test.file)
			cfg, _, err := etcd.LoadConfig(t.Context(), etcd.Sources{LookupEnv: environment(test.env), File: file})
			wantError(t, err, fault.ErrConfig, strings.ReplaceAll(test.text, "FILE", file))
			if diff := cmp.Diff(etcd.Config{}, cfg, cmp.Transformer("fields", fields)); diff != "" {
				t.Errorf("with an error: %s", diff)
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "no\nsuch")
	_, _, err := etcd.LoadConfig(t.Context(), etcd.Sources{LookupEnv: environment(nil), File: missing})
	wantError(t, err, fault.ErrConfig, "the configuration file cannot be read: open "+
		strings.ReplaceAll(missing, "\n", `\x0a`)+": no such file or directory")
	directory := t.TempDir()
	_, _, err = etcd.LoadConfig(t.Context(), etcd.Sources{LookupEnv: environment(nil), File: directory})
	wantError(t, err, fault.ErrConfig, "the configuration file cannot be read: read "+directory+": is a directory")
}

func TestUnreadableFile(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may read every file")
	}
	file := anyFile(t, "kind: CalicoAPIConfig\n")
	must(t, os.Chmod(file, 0))
	_, _, err := etcd.LoadConfig(t.Context(), etcd.Sources{LookupEnv: environment(nil), File: file})
	wantError(t, err, fault.ErrConfig, "the configuration file cannot be read: open "+file+": permission denied")
}
