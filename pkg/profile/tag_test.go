package profile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

func TestSetTags(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("f", 64)
	label := func(text string) profile.Label {
		name, value, _ := strings.Cut(text, "=")
		return profile.Label{Name: name, Value: value}
	}
	for _, test := range []struct{ labels, tags, want, refused string }{
		{"", "", "", ""},
		{"", "b a", "b a", ""},
		{"a b", "b a", "a b", ""},
		{"a b c", "b", "b", ""},
		{"a", "b a b", "a b", ""},
		{"a stage=production a.example/x x_=1", "", "stage=production a.example/x x_=1", ""},
		{"a stage=production", "stage", "", `profile x has the label stage with the value "production", which the tag would replace`},
		{long + "/tag a", "a", "a", ""},
		{long + "/tag " + long, long, long + "/tag " + long, ""}, // the latter is a label that Felix refuses
		{"a", long, long + "/tag", ""},
		{"a a b", "a b", "a a b", ""}, // as in the layout of calicoctl 0.x
	} {
		p := &profile.Profile{ID: "x"}
		var want []profile.Label
		for text := range strings.FieldsSeq(test.labels) {
			p.Labels = append(p.Labels, label(text))
		}
		for text := range strings.FieldsSeq(test.want) {
			want = append(want, label(text))
		}
		if test.refused != "" {
			want = p.Labels
		}
		err := profile.SetTags(p, strings.Fields(test.tags))
		if !slices.Equal(p.Labels, want) {
			t.Errorf("%q, %q: %v, want %v", test.labels, test.tags, p.Labels, want)
		}
		if test.refused == "" {
			must(t, err)
		} else {
			wantError(t, err, fault.ErrRefused, test.refused)
		}
	}
}
