package etcd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/suggest"
)

// A keySection is a mapping of the configuration file and the keys that it may
// have. Keys that upstream's calicoctl has and that are not read here are among
// them.
type keySection struct {
	name  string // as errors name it
	keys  []string
	plain bool // all values are texts, numbers or the like
}

// specKeys returns what may be below spec.
func specKeys() keySection {
	return keySection{name: "spec", plain: true, keys: []string{
		"datastoreType", "etcdEndpoints", "etcdDiscoverySrv", "etcdUsername", "etcdPassword",
		"etcdKeyFile", "etcdCertFile", "etcdCACertFile", "etcdKey", "etcdCert", "etcdCACert",

		"kubeconfig", "kubeconfigInline", "k8sAPIEndpoint", "k8sKeyFile", "k8sCertFile", "k8sCAFile", "k8sAPIToken",
		"k8sInsecureSkipTLSVerify", "k8sDisableNodePoll", "usePodCIDR", "k8sClientQPS", "k8sClientBurst",
		"k8sCurrentContext", "calicoAPIGroup", "alphaFeatures",
	}}
}

func topKeys() keySection {
	return keySection{name: "the top level", keys: []string{"apiVersion", "kind", "metadata", "spec"}}
}

// metadataKeys returns what Kubernetes has in the metadata of any object.
func metadataKeys() keySection {
	return keySection{name: "metadata", keys: []string{
		"name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
		"deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers", "managedFields",
	}}
}

// oneDocument reads a text that holds one YAML document, or none. Errors quote
// nothing of it.
func oneDocument(content []byte) (*yaml.Node, error) {
	if !utf8.Valid(content) {
		return nil, errors.New("it is not in UTF-8; save it as UTF-8")
	}
	var first, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	if err := decoder.Decode(&first); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.New("it is not a YAML document" + yamlLine(err))
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, fmt.Errorf("line %d: a second YAML document begins here, and only one is read", second.Line)
	case !errors.Is(err, io.EOF):
		return nil, errors.New("it is not a YAML document" + yamlLine(err))
	}
	return &first, nil
}

// yamlLine returns the place that an error about YAML names.
func yamlLine(err error) string {
	rest, found := strings.CutPrefix(err.Error(), "yaml: line ")
	number, _, cut := strings.Cut(rest, ":")
	if !found || !cut || strings.TrimFunc(number, unicode.IsDigit) != "" {
		return ""
	}
	return "; see around line " + number
}

// checkConfigKeys checks the keys of a configuration file, and writes them as
// they are written here: they may be in any case, as for upstream.
func checkConfigKeys(document *yaml.Node) error {
	if len(document.Content) == 0 {
		return nil
	}
	top := document.Content[0]
	if top.Kind != yaml.MappingNode {
		return errors.New("it is not a YAML document with keys and values")
	}
	if err := topKeys().check(top); err != nil {
		return err
	}
	for _, section := range []keySection{metadataKeys(), specKeys()} {
		value := valueOf(top, section.name)
		switch {
		case value == nil, value.Tag == "!!null":
			continue
		case value.Kind != yaml.MappingNode:
			return fmt.Errorf("line %d: below %s, keys and values are expected", value.Line, section.name)
		}
		if err := section.check(value); err != nil {
			return err
		}
	}
	return nil
}

// check checks one mapping.
func (s keySection) check(mapping *yaml.Node) error {
	lines := map[string]int{}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		at := slices.IndexFunc(s.keys, func(known string) bool { return strings.EqualFold(known, key.Value) })
		if key.Kind != yaml.ScalarNode || at < 0 {
			return s.unknown(key, value)
		}
		key.Value = s.keys[at]
		if line, twice := lines[key.Value]; twice {
			return fmt.Errorf("line %d: %s is given a second time, after line %d", key.Line, key.Value, line)
		}
		lines[key.Value] = key.Line
		if s.plain && value.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: the value of %s has to be one text%s", value.Line, key.Value, commas(key.Value))
		}
	}
	return nil
}

// commas says how a list is written, for the key that has one.
func commas(key string) string {
	if key == "etcdEndpoints" {
		return "; endpoints are separated by commas"
	}
	return ""
}

// unknown is about a key that is not known here.
func (s keySection) unknown(key, value *yaml.Node) error {
	for _, other := range []keySection{topKeys(), specKeys(), metadataKeys()} {
		if i := slices.IndexFunc(other.keys, func(known string) bool { return strings.EqualFold(known, key.Value) }); i >= 0 {
			return fmt.Errorf("line %d: %s is a key of %s, not of %s; is it indented wrongly?", key.Line, other.keys[i], other.name, s.name)
		}
	}
	near := suggest.Closest(key.Value, s.keys, 3)
	switch {
	case near != "":
		return fmt.Errorf("line %d: %s is not a key of %s; did you mean %s?", key.Line, printable.Quote(key.Value), s.name, near)
	case isKeyLike(key, value):
		return fmt.Errorf("line %d: %s is not a key of %s", key.Line, printable.Quote(key.Value), s.name)
	}
	return fmt.Errorf("line %d: this is not a key of %s", key.Line, s.name)
}

// isKeyLike reports whether a key may be shown: it is a word with a value. What
// else stands where a key should may be part of a password or a private key.
func isKeyLike(key, value *yaml.Node) bool {
	return key.Value != "" && value.Tag != "!!null" && len(key.Value) <= 40 && strings.TrimFunc(key.Value, unicode.IsLetter) == ""
}

// valueOf returns the value of a key, or nil.
func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// hasKey reports whether one of the keys is below spec. The document has been
// checked.
func hasKey(document *yaml.Node, keys ...string) bool {
	if len(document.Content) == 0 {
		return false
	}
	spec := valueOf(document.Content[0], "spec")
	return spec != nil && slices.ContainsFunc(keys, func(key string) bool { return valueOf(spec, key) != nil })
}
