package profile

import (
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// Convert returns a v1 profile in the layout v3.
func Convert(old *Profile, id string) (*Profile, error) {
	p, err := New(id)
	if err != nil {
		return nil, err
	}
	if p.Inbound, err = convertRules(rules.Inbound, old.Inbound); err != nil {
		return nil, err
	}
	if p.Outbound, err = convertRules(rules.Outbound, old.Outbound); err != nil {
		return nil, err
	}
	p.Labels = nil
	values := map[string]string{}
	for _, l := range old.Labels {
		switch value, there := values[l.Name]; {
		case !there:
			p.Labels = append(p.Labels, l)
			values[l.Name] = l.Value
		case value != l.Value:
			return nil, fault.Refusedf("%s is a tag and a label with a value; v3 cannot hold both", printable.Quote(l.Name))
		}
	}
	return p, nil
}

func convertRules(d rules.Direction, old []rules.Stored) ([]rules.Stored, error) {
	list := make([]rules.Stored, len(old))
	for i, r := range old {
		var err error
		if list[i], err = rules.EncodeV3(r.Rule); err != nil {
			why := "it has criteria that are not known"
			if len(r.Problems) > 0 {
				why = r.Problems[0]
			}
			return nil, fault.Refusedf("%s rule %d (%s) cannot be written in v3: %s", d, i+1, rules.Format(r.Rule), why)
		}
	}
	return list, nil
}
