package etcd

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/pkg/fault"
)

// An EmptySettingError says that a setting is there and has no value. It is
// ErrConfig.
type EmptySettingError struct {
	Name string // such as ETCD_ENDPOINTS
}

// Error names the setting.
func (e *EmptySettingError) Error() string {
	return e.Name + " is set and has no value; is a shell variable empty?"
}

// Unwrap makes errors.Is find ErrConfig.
func (e *EmptySettingError) Unwrap() error { return fault.ErrConfig }

// An environment is what the variables say.
type environment struct {
	Config
	datastoreType string
	empty         []string // those for endpoints that are set and empty
}

// fromEnvironment reads the variables. The error is an *EmptySettingError for one
// that holds nothing but blanks and commas, or about an authority that is a URL.
func fromEnvironment(lookup func(string) (string, bool)) (environment, error) {
	if lookup == nil {
		return environment{}, nil
	}
	e := environmentReader{lookup: lookup}
	env := environment{Config: Config{
		Endpoints:    SplitEndpoints(e.get("ETCD_ENDPOINTS")),
		DiscoverySRV: e.get("ETCD_DISCOVERY_SRV"),
		Username:     e.get("ETCD_USERNAME"),
		Password:     e.text("ETCD_PASSWORD"),
		KeyFile:      e.get("ETCD_KEY_FILE"),
		CertFile:     e.get("ETCD_CERT_FILE"),
		CAFile:       e.get("ETCD_CA_CERT_FILE"),
	}}
	authority, scheme := e.get("ETCD_AUTHORITY"), e.get("ETCD_SCHEME")
	if authority != "" && !env.hasEndpoints() {
		if strings.ContainsAny(authority, "/,") && e.err == nil {
			e.err = fault.Errorf(fault.ErrConfig, "ETCD_AUTHORITY has to be one host and port, such as 127.0.0.1:2379; URLs are for ETCD_ENDPOINTS")
		}
		env.Endpoints = []string{cmp.Or(scheme, "http") + "://" + authority}
	}
	env.datastoreType = e.get("DATASTORE_TYPE")
	env.empty = e.setAndEmpty("ETCD_ENDPOINTS", "ETCD_DISCOVERY_SRV", "ETCD_AUTHORITY")
	return env, e.err
}

type environmentReader struct {
	lookup func(string) (string, bool)
	err    error // about the first variable without a value
}

// text returns the value of a variable, empty when it is not set.
func (e *environmentReader) text(name string) string {
	for _, name := range []string{"CALICO_" + name, name} {
		if value, _ := e.lookup(name); value != "" {
			return value
		}
	}
	return ""
}

// get is text for a variable whose value cannot be blank.
func (e *environmentReader) get(name string) string {
	for _, name := range []string{"CALICO_" + name, name} {
		value, _ := e.lookup(name)
		if value == "" {
			continue
		}
		if e.err == nil && strings.Trim(value, ", \t\r\n") == "" {
			e.err = &EmptySettingError{Name: name}
		}
		return value
	}
	return ""
}

func (e *environmentReader) setAndEmpty(names ...string) []string {
	var empty []string
	for _, name := range names {
		for _, name := range []string{"CALICO_" + name, name} {
			if value, set := e.lookup(name); set && value == "" {
				empty = append(empty, name)
			}
		}
	}
	return empty
}

// emptiedText warns of variables that are empty, so that the default is used.
func emptiedText(names []string) string {
	are := "is set and empty"
	if len(names) > 1 {
		are = "are set and empty"
	}
	return fmt.Sprintf("%s %s, so the etcd at %s is the one that is written to; is a shell variable empty?",
		strings.Join(names, ", "), are, DefaultEndpoint)
}
