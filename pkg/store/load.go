package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// DefaultConfigFile is read when it exists and no other is named.
const DefaultConfigFile = "/etc/calico/calicoctl.cfg"

// Sources are where a configuration comes from; the first that is set wins,
// setting by setting: Flags, the environment, the file.
type Sources struct {
	Flags Config

	// Getenv looks up a variable, as os.Getenv does. Each is also looked for
	// with the prefix CALICO_, which wins.
	Getenv func(string) string

	// File is the name of the file; empty is DefaultConfigFile, which may be
	// missing.
	File string
}

// LoadConfig finds out how to reach etcd. The warnings are for people. The
// error is ErrConfig.
//
// Credentials of the file are used only for the file's own endpoints, so that
// they are never sent anywhere else.
func LoadConfig(src Sources) (cfg Config, warnings []string, err error) {
	if src.Getenv == nil {
		src.Getenv = func(string) string { return "" }
	}
	env, envType := fromEnvironment(src.Getenv)
	file, fileType, err := fromFile(src.File)
	if err != nil {
		return Config{}, nil, err
	}
	if err := checkDatastoreType(cmp.Or(envType, fileType)); err != nil {
		return Config{}, nil, err
	}
	cfg = src.Flags.over(env)
	name := rules.Printable(cmp.Or(src.File, DefaultConfigFile))
	switch {
	case !cfg.hasEndpoints(), cfg.samePlace(file):
		return cfg.over(file), nil, nil
	case file.hasEndpoints():
		warnings = append(warnings, fmt.Sprintf("%s names other etcd endpoints (%s) than the environment or the flags (%s), which are used",
			name, file.where(), cfg.where()))
	case file.hasCredentials():
		warnings = append(warnings, fmt.Sprintf("the user, password, key and certificate of %s are not used, "+
			"because the etcd endpoints come from elsewhere", name))
	}
	return cfg.over(Config{CA: file.CA, CAFile: file.CAFile}), warnings, nil
}

// samePlace reports whether two configurations name the same endpoints.
func (c Config) samePlace(other Config) bool {
	sorted := func(list []string) []string { return slices.Sorted(slices.Values(list)) }
	return slices.Equal(sorted(c.Endpoints), sorted(other.Endpoints)) && c.DiscoverySRV == other.DiscoverySRV
}

func (c Config) hasCredentials() bool {
	return c.Username+c.Password+c.KeyFile+c.Key+c.CertFile+c.Cert != ""
}

func (c Config) hasEndpoints() bool { return len(c.Endpoints) > 0 || c.DiscoverySRV != "" }

func (c Config) where() string {
	if len(c.Endpoints) > 0 {
		return shown(c.Endpoints)
	}
	return "SRV records of " + rules.Printable(c.DiscoverySRV)
}

// over returns c with what it leaves open taken from the other. What belongs
// together stays together: the endpoints, a user with the password, and each
// file with its inline form.
func (c Config) over(other Config) Config {
	if !c.hasEndpoints() {
		c.Endpoints, c.DiscoverySRV = other.Endpoints, other.DiscoverySRV
	}
	if c.Username == "" {
		c.Username = other.Username
		c.Password = cmp.Or(c.Password, other.Password)
	} else if c.Password == "" && (other.Username == "" || other.Username == c.Username) {
		c.Password = other.Password
	}
	if c.KeyFile+c.Key == "" {
		c.KeyFile, c.Key = other.KeyFile, other.Key
	}
	if c.CertFile+c.Cert == "" {
		c.CertFile, c.Cert = other.CertFile, other.Cert
	}
	if c.CAFile+c.CA == "" {
		c.CAFile, c.CA = other.CAFile, other.CA
	}
	return c
}

func fromEnvironment(getenv func(string) string) (cfg Config, datastoreType string) {
	get := func(name string) string { return cmp.Or(getenv("CALICO_"+name), getenv(name)) }
	cfg = Config{
		Endpoints:    splitList(get("ETCD_ENDPOINTS")),
		DiscoverySRV: get("ETCD_DISCOVERY_SRV"),
		Username:     get("ETCD_USERNAME"),
		Password:     get("ETCD_PASSWORD"),
		KeyFile:      get("ETCD_KEY_FILE"),
		CertFile:     get("ETCD_CERT_FILE"),
		CAFile:       get("ETCD_CA_CERT_FILE"),
	}
	if authority := get("ETCD_AUTHORITY"); authority != "" && !cfg.hasEndpoints() {
		cfg.Endpoints = []string{cmp.Or(get("ETCD_SCHEME"), "http") + "://" + authority}
	}
	return cfg, get("DATASTORE_TYPE")
}

// fromFile reads the file of kind CalicoAPIConfig that upstream's calicoctl
// uses, too; keys that are not about etcd are left alone.
func fromFile(name string) (cfg Config, datastoreType string, err error) {
	content, err := os.ReadFile(cmp.Or(name, DefaultConfigFile))
	if name == "" && errors.Is(err, fs.ErrNotExist) {
		return Config{}, "", nil
	}
	if err != nil {
		return Config{}, "", &Error{Kind: ErrConfig, Cause: err, Text: "the configuration file cannot be read: " + rules.Printable(err.Error())}
	}
	var file struct {
		Kind string `yaml:"kind"`
		Spec struct {
			DatastoreType    string `yaml:"datastoreType"`
			EtcdEndpoints    string `yaml:"etcdEndpoints"`
			EtcdDiscoverySrv string `yaml:"etcdDiscoverySrv"`
			EtcdUsername     string `yaml:"etcdUsername"`
			EtcdPassword     string `yaml:"etcdPassword"`
			EtcdKeyFile      string `yaml:"etcdKeyFile"`
			EtcdCertFile     string `yaml:"etcdCertFile"`
			EtcdCACertFile   string `yaml:"etcdCACertFile"`
			EtcdKey          string `yaml:"etcdKey"`
			EtcdCert         string `yaml:"etcdCert"`
			EtcdCACert       string `yaml:"etcdCACert"`
		} `yaml:"spec"`
	}
	name = rules.Printable(cmp.Or(name, DefaultConfigFile))
	if err := yaml.Unmarshal(content, &file); err != nil {
		// The cause may quote the file, which holds secrets.
		return Config{}, "", errorf(ErrConfig, "the configuration file %s is not a YAML document of kind CalicoAPIConfig", name)
	}
	if file.Kind != "CalicoAPIConfig" {
		return Config{}, "", errorf(ErrConfig, "the configuration file %s is of kind %s, not CalicoAPIConfig", name, quote(file.Kind))
	}
	s := file.Spec
	return Config{
		Endpoints: splitList(s.EtcdEndpoints), DiscoverySRV: s.EtcdDiscoverySrv,
		Username: s.EtcdUsername, Password: s.EtcdPassword,
		KeyFile: s.EtcdKeyFile, CertFile: s.EtcdCertFile, CAFile: s.EtcdCACertFile,
		Key: s.EtcdKey, Cert: s.EtcdCert, CA: s.EtcdCACert,
	}, s.DatastoreType, nil
}

func checkDatastoreType(text string) error {
	switch strings.ToLower(text) {
	case "", "etcdv3":
		return nil
	case "kubernetes":
		return errorf(ErrConfig, "the datastore type is kubernetes; there, profiles are read-only, "+
			"made from namespaces and service accounts, so there is nothing to edit (DATASTORE_TYPE=etcdv3 uses etcd)")
	}
	return errorf(ErrConfig, "the datastore type %s is not known; etcdv3 is", quote(text))
}

func splitList(text string) []string {
	var list []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}
