package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A versionDiff is a version of a profile, and what it changed.
type versionDiff struct {
	change
	version store.Version
	unknown string // why it cannot be told what it changed; then before is nil
}

// versionDiff compares a version with the profile as it was before. Where names
// cannot be looked up, it comes with IDs beside the error.
func (s *session) versionDiff(ctx context.Context, id string, v store.Version, before *store.Profile) (versionDiff, error) {
	c, err := s.change(ctx, id, before, v.Profile)
	c.names = c.names.With(names.IDs{id: true}) // its name leads to it, also where it is gone
	c.name = c.names.Name(id)
	return versionDiff{change: c, version: v}, err
}

// text returns the revision and what is different, and of a version whose
// difference is not known the listing.
func (d versionDiff) text(color bool) string {
	heading := fmt.Sprintf("Revision %d:\n", d.version.Revision)
	if d.version.Revision == 0 {
		heading = "At a revision that is compacted:\n"
	}
	switch {
	case d.version.Damaged != nil:
		return heading + printable.Text(d.version.Damaged.Error()) + "\n"
	case d.unknown != "" && d.version.Removed():
		return heading + "- Profile " + printable.Text(d.name) + "\n" + d.unknown + "\n"
	case d.unknown != "":
		return heading + d.unknown + "\n" + d.listing()
	case d.before != nil && d.after != nil && !d.changes():
		return heading + "Rules and tags stayed as they were.\n"
	}
	return heading + d.change.text(color)
}

// changes reports whether anything that is shown is different.
func (c change) changes() bool {
	for _, s := range c.sections() {
		if s.changed() {
			return true
		}
	}
	return false
}

// listing returns tags and rules as they stand, in the form of a difference.
func (d versionDiff) listing() string {
	var out strings.Builder
	for _, s := range d.sections() {
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

// revisionView is a version of a profile for -o json and -o yaml.
type revisionView struct {
	profileView
	Change string       `json:"change"` // created, changed, removed, damaged, or unknown, where what was before is not known
	Diff   []changeLine `json:"diff"`
	Error  string       `json:"error,omitempty"` // why it is damaged, or unknown

	OlderCompacted bool `json:"olderCompacted,omitempty"` // etcd had older versions and has thrown them away
}

func (d versionDiff) view(id string) revisionView {
	v := revisionView{Change: "changed", Diff: []changeLine{}, Error: d.unknown}
	switch {
	case d.version.Damaged != nil:
		v.Change, v.Error = "damaged", d.version.Damaged.Error()
	case d.version.Removed():
		v.Change = "removed"
	case d.unknown != "":
		v.Change = "unknown"
	case d.before == nil:
		v.Change = "created"
	}
	if d.unknown == "" && d.version.Damaged == nil {
		v.Diff = d.change.view()
	}
	shown := &store.Profile{ID: id, Layout: store.V3}
	if d.after != nil {
		shown = d.after
	}
	v.profileView = profileJSON(shown, d.names)
	v.Revision = d.version.Revision
	return v
}
