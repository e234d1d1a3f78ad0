package endpoint

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/calicoctl/calicoctl/internal/rawjson"
)

const (
	prefix       = "/calico/resources/v3/projectcalico.org/workloadendpoints/libnetwork/"
	orchestrator = "libnetwork"

	// LabelContainer and LabelNetwork are the labels with the names of the container
	// and of the network. They have a prefix, so that no tag means them.
	LabelContainer = "docker/container"
	// LabelNetwork is described with LabelContainer.
	LabelNetwork = "docker/network"

	noteContainer = "docker/container-name" // annotations take every name
	noteNetwork   = "docker/network-name"
	noteEngine    = "docker/engine"
	noteNetworkID = "docker/network-id"
)

// An Endpoint is the connection of a container to a network.
type Endpoint struct {
	ID        string // Docker's
	Node      string // Calico's name of the host
	Engine    string // Docker's ID of the engine; empty if it is not known
	Network   string // Docker's ID of the network
	Profile   string
	Interface string // on the host
	MAC       string
	Addresses []netip.Addr

	// Names for people, empty while they are not known.
	Container   string
	ContainerID string
	NetworkName string
}

// name returns the name of the document. A "-" within a part of it is doubled.
func (e Endpoint) name() string {
	return strings.ReplaceAll(e.Node, "-", "--") + "-libnetwork-libnetwork-" + e.ID
}

// Key returns where the endpoint is in etcd.
func (e Endpoint) Key() string { return prefix + e.name() }

// prefixOf returns what the keys of all endpoints of a node begin with.
func prefixOf(node string) string { return prefix + Endpoint{Node: node}.name() }

type document struct {
	Kind       string   `json:"kind"`
	APIVersion string   `json:"apiVersion"`
	Metadata   metadata `json:"metadata"`
	Spec       spec     `json:"spec"`
}

type metadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	UID         string            `json:"uid"`
	Created     string            `json:"creationTimestamp"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type spec struct {
	Orchestrator string   `json:"orchestrator"`
	Workload     string   `json:"workload"`
	Node         string   `json:"node"`
	ContainerID  string   `json:"containerID,omitempty"`
	Endpoint     string   `json:"endpoint"`
	Networks     []string `json:"ipNetworks"`
	Profiles     []string `json:"profiles"`
	Interface    string   `json:"interfaceName"`
	MAC          string   `json:"mac,omitempty"`
}

// encode returns the document of a new endpoint.
func (e Endpoint) encode(now time.Time) ([]byte, error) {
	d := document{
		Kind: "WorkloadEndpoint", APIVersion: "projectcalico.org/v3",
		Metadata: metadata{
			Name: e.name(), Namespace: orchestrator, UID: uuid.NewString(), Created: now.UTC().Format(time.RFC3339),
			Labels: e.labels(), Annotations: e.annotations(),
		},
		Spec: spec{
			Orchestrator: orchestrator, Workload: "libnetwork", Node: e.Node, ContainerID: e.ContainerID, Endpoint: e.ID,
			Profiles: []string{e.Profile}, Interface: e.Interface, MAC: e.MAC,
		},
	}
	for _, addr := range e.Addresses {
		d.Spec.Networks = append(d.Spec.Networks, netip.PrefixFrom(addr, addr.BitLen()).String())
	}
	return rawjson.Encode(d)
}

func (e Endpoint) labels() map[string]string {
	labels := map[string]string{"projectcalico.org/namespace": orchestrator, "projectcalico.org/orchestrator": orchestrator}
	for key, name := range map[string]string{LabelContainer: e.Container, LabelNetwork: e.NetworkName} {
		if isLabelValue(name) {
			labels[key] = name
		}
	}
	return labels
}

func (e Endpoint) annotations() map[string]string {
	notes := map[string]string{}
	for key, text := range map[string]string{
		noteContainer: e.Container, noteNetwork: e.NetworkName, noteEngine: e.Engine, noteNetworkID: e.Network,
	} {
		if text != "" {
			notes[key] = text
		}
	}
	return notes
}

// isLabelValue reports whether Felix takes a text for the value of a label: at
// most 63 letters, digits, ".", "_" and "-", that begin and end alphanumeric. An
// invalid label would make it ignore the endpoint.
func isLabelValue(text string) bool {
	alphanumeric := func(c byte) bool {
		return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	if text == "" || len(text) > 63 || !alphanumeric(text[0]) || !alphanumeric(text[len(text)-1]) {
		return false
	}
	return !slices.ContainsFunc([]byte(text), func(c byte) bool { return !alphanumeric(c) && !strings.ContainsRune("._-", rune(c)) })
}

// decode reads a stored endpoint.
func decode(text []byte) (Endpoint, error) {
	if err := rawjson.Check(text); err != nil {
		return Endpoint{}, err
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return Endpoint{}, err
	}
	e := Endpoint{
		ID: d.Spec.Endpoint, Node: d.Spec.Node, Interface: d.Spec.Interface, MAC: d.Spec.MAC, ContainerID: d.Spec.ContainerID,
		Engine: d.Metadata.Annotations[noteEngine], Network: d.Metadata.Annotations[noteNetworkID],
		Container: d.Metadata.Annotations[noteContainer], NetworkName: d.Metadata.Annotations[noteNetwork],
	}
	if len(d.Spec.Profiles) > 0 {
		e.Profile = d.Spec.Profiles[0]
	}
	for _, each := range d.Spec.Networks {
		p, err := netip.ParsePrefix(each)
		if err != nil {
			return Endpoint{}, fmt.Errorf("spec.ipNetworks holds %q, which is not a prefix", each)
		}
		e.Addresses = append(e.Addresses, p.Addr())
	}
	return e, nil
}

// named returns the document with the names that e knows. All else stays as it is.
func (e Endpoint) named(text []byte) ([]byte, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	members, err := rawjson.Object(text)
	if err != nil {
		return nil, err
	}
	meta, spec := rawjson.Get(members, "metadata"), rawjson.Get(members, "spec")
	if e.ContainerID != "" {
		if spec, err = rawjson.Set(spec, "containerID", rawjson.Quote(e.ContainerID)); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct {
		key    string
		stored map[string]string
		wanted map[string]string
	}{{"labels", d.Metadata.Labels, e.labels()}, {"annotations", d.Metadata.Annotations, e.annotations()}} {
		all := map[string]string{}
		for key, value := range part.stored {
			all[key] = value
		}
		for key, value := range part.wanted {
			all[key] = value
		}
		value, err := rawjson.Encode(all)
		if err != nil {
			return nil, err
		}
		if meta, err = rawjson.Set(meta, part.key, value); err != nil {
			return nil, err
		}
	}
	if text, err = rawjson.Set(text, "metadata", meta); err != nil {
		return nil, err
	}
	return rawjson.Set(text, "spec", spec)
}
