package render

import (
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A Version is a version of a profile, and what it changed.
type Version struct {
	Change  Change
	Version store.Version
	Unknown string // why the change is unknown; then Change.Before is nil
}

// Text returns the revision and the difference, or the listing where the difference
// is unknown.
func (d Version) Text(color bool) string {
	heading := fmt.Sprintf("Revision %d:\n", d.Version.Revision)
	if d.Version.Revision == 0 {
		heading = "At a revision that is compacted:\n"
	}
	switch {
	case d.Version.Malformed != nil:
		return heading + printable.Text(d.Version.Malformed.Error()) + "\n"
	case d.Unknown != "" && d.Version.Removed():
		return heading + "- Profile " + printable.Text(d.Change.Name) + "\n" + d.Unknown + "\n"
	case d.Unknown != "":
		return heading + d.Unknown + "\n" + d.listing()
	case d.Change.Before != nil && d.Change.After != nil && !d.Change.changes():
		return heading + "Rules and tags stayed as they were.\n"
	}
	return heading + d.Change.Text(color)
}

// changes reports whether anything that is shown is different.
func (c Change) changes() bool {
	for _, s := range c.sections() {
		if s.changed() {
			return true
		}
	}
	return false
}

// listing returns tags and rules as they stand, in the form of a difference.
func (d Version) listing() string {
	var out strings.Builder
	for _, s := range d.Change.sections() {
		out.WriteString(s.heading + "\n")
		for i, line := range s.newText {
			if s.numbered {
				fmt.Fprintf(&out, " %3d   %s\n", i+1, line)
			} else {
				out.WriteString("   " + line + "\n")
			}
		}
	}
	return out.String()
}

// RevisionView is a version of a profile for -o json and -o yaml.
type RevisionView struct {
	ProfileView
	Change string       `json:"change"` // created, changed, removed, damaged, or unknown, where the version before is not known
	Diff   []ChangeLine `json:"diff"`
	Error  string       `json:"error,omitempty"` // why it is damaged, or unknown

	OlderCompacted bool `json:"olderCompacted,omitempty"` // etcd has compacted older versions
}

// View returns the version for -o json and -o yaml.
func (d Version) View(id string) RevisionView {
	v := RevisionView{Change: "changed", Diff: []ChangeLine{}, Error: d.Unknown}
	switch {
	case d.Version.Malformed != nil:
		v.Change, v.Error = "damaged", d.Version.Malformed.Error()
	case d.Version.Removed():
		v.Change = "removed"
	case d.Unknown != "":
		v.Change = "unknown"
	case d.Change.Before == nil:
		v.Change = "created"
	}
	if d.Unknown == "" && d.Version.Malformed == nil {
		v.Diff = d.Change.Lines()
	}
	shown := &profile.Profile{ID: id, Layout: profile.V3}
	if d.Change.After != nil {
		shown = d.Change.After
	}
	v.ProfileView = Profile(shown, d.Change.Shown)
	v.Revision = d.Version.Revision
	return v
}
