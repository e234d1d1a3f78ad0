package etcd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/textfile"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// A configFile is what a configuration file says. The zero value is that of a
// file that is not there.
type configFile struct {
	Config
	datastoreType string

	name    string
	exposed bool // it holds a secret, and everyone may read it

	noEndpoints bool // it has the key for endpoints, and no endpoints there
	kubernetes  bool // it says how to reach Kubernetes, and not how to reach etcd
}

// maxFile is more than any configuration file, key or list of authorities has.
const maxFile = 4 << 20

// fromFile reads the file of kind CalicoAPIConfig that upstream's calicoctl
// uses, too.
func fromFile(ctx context.Context, name string) (configFile, error) {
	read := configFile{name: cmp.Or(name, DefaultConfigFile)}
	content, info, err := textfile.Read(ctx, read.name, maxFile)
	if name == "" && errors.Is(err, fs.ErrNotExist) {
		return read, nil
	}
	if err != nil {
		return configFile{}, unreadable(err, "the configuration file")
	}
	if content, err = textfile.UTF8(content); err != nil {
		return configFile{}, fault.Errorf(fault.ErrConfig, "the configuration file %s cannot be read: %v", printable.Text(read.name), err)
	}
	err = read.decode(content)
	read.exposed = read.Password+read.Key != "" && forEveryone(info)
	return read, err
}

// unreadable says that a file cannot be read.
func unreadable(err error, what string) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &fault.Error{Kind: fault.ErrConfig, Cause: err, Text: what + " cannot be read: " + printable.Text(err.Error())}
}

// apiConfig is what is read of a configuration file. The names of its keys are
// those of specKeys.
type apiConfig struct {
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

func (f *configFile) decode(content []byte) error {
	var file apiConfig
	name := printable.Text(f.name)
	document, err := oneDocument(content)
	if err == nil {
		err = checkConfigKeys(document)
	}
	if err != nil {
		return fault.Errorf(fault.ErrConfig, "the configuration file %s is wrong: %v", name, err)
	}
	if err := document.Decode(&file); err != nil { // the cause may quote the file, which holds secrets
		return fault.Errorf(fault.ErrConfig, "the configuration file %s is not a YAML document of kind CalicoAPIConfig", name)
	}
	if file.Kind != "CalicoAPIConfig" {
		return fault.Errorf(fault.ErrConfig, "the configuration file %s is of kind %s, not CalicoAPIConfig", name, printable.Quote(file.Kind))
	}
	s := file.Spec
	f.datastoreType = s.DatastoreType
	f.Config = Config{
		Endpoints: SplitEndpoints(s.EtcdEndpoints), DiscoverySRV: s.EtcdDiscoverySrv,
		Username: s.EtcdUsername, Password: s.EtcdPassword,
		KeyFile: s.EtcdKeyFile, CertFile: s.EtcdCertFile, CAFile: s.EtcdCACertFile,
		Key: s.EtcdKey, Cert: s.EtcdCert, CA: s.EtcdCACert,
	}
	if !f.hasEndpoints() {
		f.noEndpoints = hasKey(document, "etcdEndpoints", "etcdDiscoverySrv")
		f.kubernetes = hasKey(document, "kubeconfig", "kubeconfigInline", "k8sAPIEndpoint")
	}
	return nil
}

// forEveryone reports whether every user of the machine may read a file.
// Windows has no such mode.
func forEveryone(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode()&0o004 != 0
}

// isExposed reports whether everyone may read a file. One that cannot be looked
// at is no error: reading it says why.
func isExposed(ctx context.Context, name string) (bool, error) {
	if name == "" {
		return false, nil
	}
	info, err := textfile.Stat(ctx, name)
	var silent *textfile.SilentError
	if errors.As(err, &silent) || errors.Is(err, context.Canceled) {
		return false, unreadable(err, "the client key")
	}
	return err == nil && forEveryone(info), nil
}

func exposedText(what, file string) string {
	file = printable.Text(file)
	return fmt.Sprintf("%s %s can be read by everyone; chmod 600 %s", what, file, file)
}
