// Package profiletest makes profiles for tests of what takes them as values.
package profiletest

import (
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// New returns a profile of v3 as its lines say, each "inbound RULE", "outbound RULE",
// an inbound rule in JSON, or a label "NAME=VALUE".
func New(t *testing.T, id string, lines ...string) *profile.Profile {
	t.Helper()
	p := &profile.Profile{ID: id, Layout: profile.V3}
	for _, line := range lines {
		direction, text, isRule := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(line, "{"):
			p.Inbound = append(p.Inbound, rules.DecodeV3([]byte(line)))
		case isRule:
			list := p.Rules(rules.Direction(direction))
			*list = append(*list, parse(t, text))
		default:
			name, value, _ := strings.Cut(line, "=")
			p.Labels = append(p.Labels, profile.Label{Name: name, Value: value})
		}
	}
	return p
}

func parse(t *testing.T, text string) rules.Stored {
	t.Helper()
	r, err := rules.ParseLine(text, 0)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := rules.EncodeV3(r)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}
