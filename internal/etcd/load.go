package etcd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// DefaultConfigFile is read when it exists and no other is named.
const DefaultConfigFile = "/etc/calico/calicoctl.cfg"

// Sources are where a configuration comes from; the first that is set wins,
// setting by setting: Flags, the environment, the file.
type Sources struct {
	Flags Config

	// LookupEnv looks up a variable, as os.LookupEnv does; nil finds none. Each is
	// also looked for with the prefix CALICO_, which wins. One that is set and
	// empty counts as not set.
	LookupEnv func(string) (string, bool)

	// File is the name of the file; empty is DefaultConfigFile, which may be
	// missing.
	File string

	// Write says that something is going to be written. Then a variable that is
	// set and empty, so that the default endpoint is used, gives a warning.
	Write bool
}

// LoadConfig finds out how to reach etcd. The warnings are for people. The
// error is ErrConfig, an [*EmptySettingError] for a setting without a value, or
// the context's when it is canceled.
//
// Credentials of the file are used only for the file's own endpoints, so that
// they are never sent anywhere else.
func LoadConfig(ctx context.Context, src Sources) (cfg Config, warnings []string, err error) {
	env, err := fromEnvironment(src.LookupEnv)
	if err != nil {
		return Config{}, nil, err
	}
	file, err := fromFile(ctx, src.File)
	if err != nil {
		return Config{}, nil, err
	}
	cfg, warnings = src.Flags.over(env.Config).overFile(file)
	if err := file.checkUse(cfg, env.datastoreType); err != nil {
		return Config{}, nil, err
	}
	src.log(cfg, env.Config, file.name)
	if src.Write && !cfg.hasEndpoints() && len(env.empty) > 0 {
		warnings = append(warnings, emptiedText(env.empty))
	}
	if file.exposed {
		warnings = append(warnings, exposedText("the password or key in the configuration file", file.name))
	}
	exposed, err := isExposed(ctx, cfg.KeyFile)
	if exposed {
		warnings = append(warnings, exposedText("the key file", cfg.KeyFile))
	}
	return cfg, warnings, err
}

// checkUse checks the datastore type, and that a file that should say where etcd
// is does so, unless something else says it. Without endpoints upstream takes a
// file that names a Kubernetes for one of the datastore type kubernetes.
func (f *configFile) checkUse(cfg Config, envType string) error {
	datastoreType := cmp.Or(envType, f.datastoreType)
	if datastoreType == "" && f.kubernetes && !cfg.hasEndpoints() {
		datastoreType = "kubernetes"
	}
	if err := checkDatastoreType(datastoreType); err != nil {
		return err
	}
	if f.noEndpoints && !cfg.hasEndpoints() {
		return &EmptySettingError{Name: "etcdEndpoints in " + printable.Text(f.name)}
	}
	return nil
}

// overFile returns c with what it leaves open taken from the file, as far as
// that may be sent to where c points.
func (c Config) overFile(file configFile) (cfg Config, warnings []string) {
	name := printable.Text(file.name)
	switch {
	case !c.hasEndpoints(), c.samePlace(file.Config):
		return c.over(file.Config), nil
	case file.hasEndpoints():
		warnings = append(warnings, fmt.Sprintf("%s names other etcd endpoints (%s) than the environment or the flags (%s), which are used",
			name, file.where(), c.where()))
	case file.hasCredentials():
		warnings = append(warnings, fmt.Sprintf("the user, password, key and certificate of %s are not used, "+
			"because the etcd endpoints come from elsewhere", name))
	}
	return c.over(Config{CA: file.CA, CAFile: file.CAFile}), warnings
}

// log tells where each setting comes from, and of secrets only that they are
// there.
func (src Sources) log(cfg, env Config, file string) {
	log := logTo(src.Flags.Log)
	if !cfg.hasEndpoints() {
		log.Info("setting", "name", "endpoints", "value", DefaultEndpoint, "from", "default")
	}
	for _, setting := range []struct {
		name   string
		value  func(Config) string
		hidden bool
	}{
		{"endpoints", Config.where, false},
		{"user", func(c Config) string { return c.Username }, false},
		{"password", func(c Config) string { return c.Password }, true},
		{"key file", func(c Config) string { return c.KeyFile }, false},
		{"key", func(c Config) string { return c.Key }, true},
		{"certificate file", func(c Config) string { return c.CertFile }, false},
		{"certificate", func(c Config) string { return c.Cert }, true},
		{"authority file", func(c Config) string { return c.CAFile }, false},
		{"authority", func(c Config) string { return c.CA }, true},
	} {
		value, from := setting.value(cfg), file
		switch value {
		case "":
			continue
		case setting.value(src.Flags):
			from = "flag"
		case setting.value(env):
			from = "environment"
		}
		if setting.hidden || strings.Contains(value, "-----BEGIN") { // a key where a file name should stand
			value = "(not shown)"
		}
		log.Info("setting", "name", setting.name, "value", value, "from", from)
	}
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
	if c.DiscoverySRV == "" {
		return ""
	}
	return "SRV records of " + shownDomain(c.DiscoverySRV)
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

func checkDatastoreType(text string) error {
	switch strings.ToLower(text) {
	case "", "etcdv3":
		return nil
	case "kubernetes":
		return fault.Errorf(fault.ErrConfig, "the datastore type is kubernetes; there, profiles are read-only, "+
			"made from namespaces and service accounts, so there is nothing to edit (DATASTORE_TYPE=etcdv3 uses etcd)")
	}
	return fault.Errorf(fault.ErrConfig, "the datastore type %s is not known; etcdv3 is", printable.Quote(text))
}

// SplitEndpoints splits a list with commas between its items, and leaves out
// blanks and items without text.
func SplitEndpoints(text string) []string {
	var list []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}
