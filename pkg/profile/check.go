package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

const (
	// maxRules is how many rules a list may grow to.
	maxRules = 1024

	maxName = 253
)

// Invalid lists what of the stored document is invalid for Felix, the most dangerous
// first: that its tags vanish, so that rules elsewhere that deny by tag stop matching;
// rules that Felix applies in its own way; and rules for which it drops all traffic of
// the profile. Of a v1 profile, which no Felix reads, it lists the tags and labels that
// v3 cannot hold.
func (p *Profile) Invalid() []string {
	found := p.InvalidNames()
	if why := p.LostTags(); why != "" {
		found = append(found, why)
	}
	return slices.Concat(found, p.OddRules(), p.InvalidRules())
}

// LostTags says that Felix takes no tags from the profile because of one of its rules;
// empty if it takes them or there are none.
func (p *Profile) LostTags() string {
	untags := p.inRules(rules.Stored.Untags)
	if len(p.Labels) == 0 || len(untags) == 0 || len(p.InvalidNames()) > 0 {
		return ""
	}
	rule, _, _ := strings.Cut(untags[0], ":")
	return "Felix takes no tags from the profile because of " + rule + ", so that rules elsewhere that deny by its tags do not match"
}

// InvalidRules lists the part of Invalid for which Felix drops everything. No
// Felix reads a v1 profile, so it has none.
func (p *Profile) InvalidRules() []string { return p.inRules(rules.Stored.Drops) }

// OddRules lists the part of Invalid that is about rules which Felix applies all the same.
func (p *Profile) OddRules() []string {
	return p.inRules(func(r rules.Stored) (odd []string) {
		drops := r.Drops()
		for _, why := range r.Invalid() {
			if !slices.Contains(drops, why) {
				odd = append(odd, why)
			}
		}
		return odd
	})
}

// NoTags says why Felix takes no tags from the profile; empty if it takes them.
func (p *Profile) NoTags() string {
	if p.Layout == V1 {
		return ""
	}
	for _, why := range slices.Concat(p.invalidLabels(""), p.invalidMetadata(), p.inRules(rules.Stored.Untags)) {
		return why
	}
	return ""
}

func (p *Profile) inRules(which func(rules.Stored) []string) (found []string) {
	if p.Layout == V1 {
		return nil
	}
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		for i, r := range *p.Rules(d) {
			for _, t := range which(r) {
				found = append(found, fmt.Sprintf("%s rule %d: %s", d, i+1, t))
			}
		}
	}
	return found
}

// InvalidNames is what of Invalid is not about rules: labels, names, annotations.
func (p *Profile) InvalidNames() []string {
	if p.Layout == V1 {
		return p.invalidLabels("; such a profile cannot be migrated")
	}
	const means = "; Felix takes no tags from such a profile"
	found := p.invalidLabels(means)
	for _, why := range p.invalidMetadata() {
		found = append(found, why+means)
	}
	return found
}

// Applied returns the labels that Felix takes from the profile for its endpoints:
// none, if one of them, the name of the profile or a rule is invalid for Felix.
func (p *Profile) Applied() []Label {
	if p.NoTags() != "" {
		return nil
	}
	return p.Labels
}

func (p *Profile) invalidLabels(means string) (found []string) {
	for _, l := range p.Labels {
		if why := checkLabel(l); why != "" {
			found = append(found, why+means)
		}
	}
	return found
}

func (p *Profile) invalidMetadata() []string {
	var found []string
	if why := CheckName(p.ID); why != "" && !p.BuiltIn {
		found = append(found, why)
	}
	top, err := rawjson.Object(p.document)
	if err != nil || p.BuiltIn {
		return found
	}
	metadata, _ := rawjson.Object(orNull(rawjson.Get(top, "metadata")))
	if name := rawjson.Text(rawjson.Get(metadata, "name")); name != p.ID {
		found = append(found, fmt.Sprintf("metadata.name is %s", printable.Quote(name)))
	}
	labels, err := DecodeLabels("metadata.labels", rawjson.Get(metadata, "labels"))
	if err != nil {
		found = append(found, err.Error())
	}
	for _, l := range labels {
		if why := checkLabel(l); why != "" {
			found = append(found, "metadata."+why)
		}
	}
	annotations, err := DecodeLabels("metadata.annotations", rawjson.Get(metadata, "annotations"))
	if err != nil {
		found = append(found, err.Error())
	}
	for _, a := range annotations {
		if why := checkQualifiedName(strings.ToLower(a.Name)); why != "" {
			found = append(found, "metadata.annotation "+printable.Quote(a.Name)+": "+why)
		}
	}
	return found
}

func orNull(value []byte) []byte {
	if value == nil {
		return []byte("null")
	}
	return value
}

// Check refuses a document that has become worse: what Felix refuses must not
// be added, a list must not grow past its limit, and the whole must fit into a
// request. What was wrong before may stay.
func (p *Profile) Check() error {
	if why := CheckName(p.ID); why != "" && p.Revision == 0 {
		return fault.Refusedf("%s", why)
	}
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		was := p.stored.inbound
		if d == rules.Outbound {
			was = p.stored.outbound
		}
		if err := checkRules(d, *p.Rules(d), was); err != nil {
			return err
		}
	}
	was := labelValues(p.stored.labels)
	for _, l := range p.Labels {
		if value, there := was[l.Name]; there && value == l.Value {
			continue
		}
		if why := checkLabel(l); why != "" {
			return fault.Refusedf("%s", why)
		}
	}
	return nil
}

func checkRules(d rules.Direction, now, was []rules.Stored) error {
	if len(now) > maxRules && len(now) > len(was) {
		return fault.Refusedf("the %s rules would be %d; a list may not grow past %d", d, len(now), maxRules)
	}
	if sameRules(now, was) {
		return nil
	}
	old := make(map[string]bool, len(was))
	for _, r := range was {
		old[string(r.JSON)] = true
	}
	for i, r := range now {
		if old[string(r.JSON)] {
			continue
		}
		why := slices.Clone(r.Problems)
		for _, odd := range r.Oddities {
			why = append(why, odd.Text)
		}
		for _, problem := range rules.Check(r.Rule) {
			why = append(why, problem.Text)
		}
		if len(why) > 0 {
			return &RuleError{Direction: d, At: i + 1, Rule: r.Rule, Why: why[0]}
		}
	}
	return nil
}

// A RuleError says why Felix would refuse a rule that an edit adds. It is
// ErrRefused.
type RuleError struct {
	Direction rules.Direction
	At        int // from 1
	Rule      rules.Rule
	Why       string
}

// Error names the rule and what is wrong with it.
func (e *RuleError) Error() string {
	return fmt.Sprintf("%s rule %d (%s): %s", e.Direction, e.At, rules.Format(e.Rule), e.Why)
}

// Unwrap returns ErrRefused.
func (e *RuleError) Unwrap() error { return fault.ErrRefused }

// CheckName says why a profile cannot have that name, or nothing. A name is an
// RFC 1123 subdomain.
func CheckName(name string) string {
	if rules.IsDNSName(name) {
		return ""
	}
	if lower := strings.ToLower(name); rules.IsDNSName(lower) {
		return fmt.Sprintf("a profile cannot be called %s, because Calico takes lower case only; %s is possible",
			printable.Quote(name), lower)
	}
	return fmt.Sprintf("a profile cannot be called %s: its name is made of lower-case letters, digits, - and ., "+
		"begins and ends with a letter or digit, and has at most %d characters", printable.Quote(name), maxName)
}

// checkLabel says why Felix refuses a label, or nothing.
func checkLabel(l Label) string {
	if why := checkQualifiedName(l.Name); why != "" {
		return "label " + printable.Quote(l.Name) + ": " + why
	}
	if l.Value != "" && !isLabelText(l.Value) {
		return fmt.Sprintf("label %s: its value %s is not made of at most %d letters, digits, -, _ and ., "+
			"the first and the last a letter or digit", printable.Quote(l.Name), printable.Quote(l.Value), rules.MaxLabelName)
	}
	return ""
}

// checkQualifiedName says why a text is not an optional DNS subdomain, a slash,
// and a name, or nothing.
func checkQualifiedName(text string) string {
	prefix, name, found := strings.Cut(text, "/")
	if !found {
		name, prefix = text, ""
	}
	switch {
	case found && !rules.IsDNSName(prefix):
		return fmt.Sprintf("the part before / is not a lower-case DNS name of at most %d characters", maxName)
	case !isLabelText(name):
		return fmt.Sprintf("the name is not made of at most %d letters, digits, -, _ and ., "+
			"the first and the last a letter or digit", rules.MaxLabelName)
	}
	return ""
}

func isLabelText(text string) bool {
	return len(text) <= rules.MaxLabelName && rules.IsName(text) &&
		isAlphanumeric(text[0]) && isAlphanumeric(text[len(text)-1])
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
