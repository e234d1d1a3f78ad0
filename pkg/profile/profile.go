package profile

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A Layout is a way in which Calico keeps profiles in etcd.
type Layout string

// V3 is the layout of Calico 3.0 and later, the only one that is edited.
const V3 Layout = "v3"

// A Profile is the policy of a network: ordered rules and the labels that it
// gives its endpoints. A change is made by changing the exported fields; all
// else in the stored document stays as it is.
type Profile struct {
	ID       string // as in the key: a network's ID, or a name
	Layout   Layout
	Revision int64 // etcd's modification revision; 0 when it is not stored
	BuiltIn  bool  // DefaultAllow: not in etcd

	Inbound  []rules.Stored
	Outbound []rules.Stored
	Labels   []Label // what endpoints inherit, in the order of the document

	document []byte // as stored, or the frame of a new one
	stored   content
}

// content is what a profile said when it was read, to see what has changed.
type content struct {
	inbound, outbound []rules.Stored
	labels            []Label
}

// A Label is what a profile gives its endpoints. One with an empty value may
// be a tag.
type Label struct{ Name, Value string }

// New returns a profile that is not stored yet, with the policy that a
// Docker network begins with: from its own endpoints everything may come in,
// and everything may go out. It carries its own name as a tag.
func New(id string) (*Profile, error) {
	in, err := rules.EncodeV3(rules.Rule{Action: rules.Allow, From: rules.Entity{Tag: rules.Tag{Name: id}}})
	if err != nil {
		return nil, err
	}
	out, err := rules.EncodeV3(rules.Rule{Action: rules.Allow})
	if err != nil {
		return nil, err
	}
	document, err := rawjson.Encode(frame{
		Kind: "Profile", APIVersion: "projectcalico.org/v3",
		Metadata: frameMetadata{Name: id, UID: uuid.NewString(), Created: time.Now().UTC().Format(time.RFC3339)},
	})
	return &Profile{
		ID: id, Layout: V3, document: document,
		Inbound: []rules.Stored{in}, Outbound: []rules.Stored{out},
		Labels: []Label{{Name: rules.TagLabel(id)}},
	}, err
}

// frame is a new document without what a profile says.
type frame struct {
	Kind       string        `json:"kind"`
	APIVersion string        `json:"apiVersion"`
	Metadata   frameMetadata `json:"metadata"`
	Spec       struct{}      `json:"spec"`
}

type frameMetadata struct {
	Name    string `json:"name"`
	UID     string `json:"uid"`
	Created string `json:"creationTimestamp"`
}

// BuiltIn returns what Calico has built in under the name DefaultAllow.
func BuiltIn() *Profile {
	p := &Profile{ID: DefaultAllow, Layout: V3, BuiltIn: true, document: []byte(
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":"` + DefaultAllow + `"},` +
			`"spec":{"ingress":[{"action":"Allow"}],"egress":[{"action":"Allow"}]}}`)}
	_ = p.decode() // it is right
	p.remember()
	return p
}

// Rules returns the list of a direction, to read or to change.
func (p *Profile) Rules(d rules.Direction) *[]rules.Stored {
	if d == rules.Inbound {
		return &p.Inbound
	}
	return &p.Outbound
}

// Tags returns the tags that the profile carries, sorted, each once: its labels
// with an empty value whose name stands for a tag.
func (p *Profile) Tags() []string {
	var tags []string
	for _, l := range p.Labels {
		if tag, ok := rules.LabelTag(l.Name); ok && l.Value == "" {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// Clone returns a copy whose changes do not change p.
func (p *Profile) Clone() *Profile {
	other := *p
	other.Inbound, other.Outbound = slices.Clone(p.Inbound), slices.Clone(p.Outbound)
	other.Labels = slices.Clone(p.Labels)
	return &other
}

// Changed reports whether the exported fields say something else than what was
// read.
func (p *Profile) Changed() bool {
	return p.Revision == 0 && !p.BuiltIn ||
		!sameRules(p.Inbound, p.stored.inbound) || !sameRules(p.Outbound, p.stored.outbound) ||
		!slices.Equal(p.Labels, p.stored.labels)
}

// Before returns the profile as it was read; nil when it was not stored.
func (p *Profile) Before() *Profile {
	if p.Revision == 0 {
		return nil
	}
	old := *p
	old.Inbound, old.Outbound, old.Labels = p.stored.inbound, p.stored.outbound, p.stored.labels
	return &old
}

func sameRules(a, b []rules.Stored) bool {
	return slices.EqualFunc(a, b, func(x, y rules.Stored) bool { return bytes.Equal(x.JSON, y.JSON) })
}

// remember makes what the profile says now the state that changes are told
// from.
func (p *Profile) remember() {
	p.stored = content{
		inbound: slices.Clone(p.Inbound), outbound: slices.Clone(p.Outbound), labels: slices.Clone(p.Labels),
	}
}

// Document returns the document as it was read or saved last, or what a new one
// begins with.
func (p *Profile) Document() []byte { return p.document }

// Saved tells a profile that its document was stored at a revision.
func (p *Profile) Saved(document []byte, revision int64) {
	p.document, p.Revision = document, revision
	p.remember()
}

// MarshalJSON returns the document as it would be stored.
func (p *Profile) MarshalJSON() ([]byte, error) { return p.encode() }

var _ json.Marshaler = (*Profile)(nil)
