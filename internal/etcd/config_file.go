package etcd

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"go.yaml.in/yaml/v3"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// A configFile is what a configuration file says. The zero value is that of a
// file that is not there.
type configFile struct {
	Config
	datastoreType string

	name    string
	exposed bool // it holds a secret, and everyone may read it
}

// fromFile reads the file of kind CalicoAPIConfig that upstream's calicoctl
// uses, too; keys that are not about etcd are left alone.
func fromFile(name string) (configFile, error) {
	read := configFile{name: cmp.Or(name, DefaultConfigFile)}
	content, info, err := readFile(read.name)
	if name == "" && errors.Is(err, fs.ErrNotExist) {
		return read, nil
	}
	if err != nil {
		return configFile{}, &fault.Error{Kind: fault.ErrConfig, Cause: err, Text: "the configuration file cannot be read: " + printable.Text(err.Error())}
	}
	err = read.decode(content)
	read.exposed = read.Password+read.Key != "" && forEveryone(info)
	return read, err
}

// readFile returns the content of a file and what is known of that same file.
func readFile(name string) ([]byte, fs.FileInfo, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	content, err := io.ReadAll(file)
	return content, info, err
}

func (f *configFile) decode(content []byte) error {
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
	name := printable.Text(f.name)
	if err := yaml.Unmarshal(content, &file); err != nil {
		// The cause may quote the file, which holds secrets.
		return fault.Errorf(fault.ErrConfig, "the configuration file %s is not a YAML document of kind CalicoAPIConfig", name)
	}
	if file.Kind != "CalicoAPIConfig" {
		return fault.Errorf(fault.ErrConfig, "the configuration file %s is of kind %s, not CalicoAPIConfig", name, printable.Quote(file.Kind))
	}
	s := file.Spec
	f.datastoreType = s.DatastoreType
	f.Config = Config{
		Endpoints: splitList(s.EtcdEndpoints), DiscoverySRV: s.EtcdDiscoverySrv,
		Username: s.EtcdUsername, Password: s.EtcdPassword,
		KeyFile: s.EtcdKeyFile, CertFile: s.EtcdCertFile, CAFile: s.EtcdCACertFile,
		Key: s.EtcdKey, Cert: s.EtcdCert, CA: s.EtcdCACert,
	}
	return nil
}

// forEveryone reports whether every user of the machine may read a file.
// Windows has no such mode.
func forEveryone(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode()&0o004 != 0
}

func exposedText(what, file string) string {
	file = printable.Text(file)
	return fmt.Sprintf("%s %s can be read by everyone; chmod 600 %s", what, file, file)
}
