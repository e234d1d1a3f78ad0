// Package past says what each version of a profile changed, and what undo makes of a
// profile. It takes versions and returns values; only Removed reads, by an interface.
package past

import (
	"context"
	"errors"
	"fmt"

	"github.com/calicoctl/calicoctl/internal/advice"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// ErrStop ends the reading of a history early.
var ErrStop = errors.New("stop")

// A Reader reads the versions of a profile, the newest first. A *store.Store is one.
type Reader interface {
	History(ctx context.Context, id string, visit func(store.Version) error) (compacted bool, err error)
}

// A Step is a version, and the one before it.
type Step struct {
	Version store.Version
	Before  *profile.Profile // nil for a creation, and where it is not known
	Unknown string           // why it is not known what the version changed
}

// Steps makes Steps of versions. The zero value has none yet.
type Steps struct {
	newer *store.Version // waits for the version before it
}

// Add takes the next older version, and returns the Steps that are complete by it, the
// newest first.
func (s *Steps) Add(v store.Version) (steps []Step) {
	if s.newer != nil {
		step := Step{Version: *s.newer, Before: v.Profile}
		if v.Malformed != nil {
			step.Unknown = fmt.Sprintf("What it changed is not known, because revision %d cannot be read.", v.Revision)
		}
		steps = append(steps, step)
	}
	s.newer = &v
	if v.Created {
		s.newer = nil
		steps = append(steps, Step{Version: v})
	}
	return steps
}

// End returns the Step of the oldest version if its predecessor was not read; why says
// the reason: "is compacted".
func (s *Steps) End(why string) []Step {
	if s.newer == nil {
		return nil
	}
	step := Step{Version: *s.newer, Unknown: "The revision before it " + why + ", so what it changed is not known."}
	s.newer = nil
	return []Step{step}
}

// Check returns why a profile has no past: it is not one key of etcd's.
func Check(p *profile.Profile) error {
	switch {
	case p.BuiltIn:
		return fault.Refusedf("profile %s is built into Calico and never changes", p.ID)
	case p.Layout == profile.V1:
		return fault.Refusedf("profile %s is in the layout of calicoctl 0.x, which has neither history nor --watch; "+
			"\"%s\" makes a v3 profile of it", printable.Text(p.ID), advice.Migrate(p.ID))
	}
	return nil
}

// Removed returns the ID of a profile that does not exist but did, and its newest
// version. That is its removal, unless the profile was created again meanwhile.
func Removed(ctx context.Context, r Reader, t names.Target) (id string, newest store.Version, err error) {
	var found []string
	for _, id := range t.IDs() {
		_, err := r.History(ctx, id, func(v store.Version) error {
			newest = v
			return ErrStop
		})
		switch {
		case errors.Is(err, ErrStop):
			found = append(found, id)
		case err != nil:
			return "", newest, err
		}
	}
	switch len(found) {
	case 0:
		return "", newest, t.NotFound()
	case 1:
		return found[0], newest, nil
	}
	return "", newest, &RemovedPairError{Name: found[0], ID: found[1]}
}

// A RemovedPairError says that a name means two profiles that were removed.
type RemovedPairError struct{ Name, ID string }

func (e *RemovedPairError) Error() string {
	return fmt.Sprintf("there was a profile %s and one of the Docker network of that name, %s, and both are removed; "+
		"give the ID for the latter, or --literal for the former", printable.Text(e.Name), e.ID)
}

// Unwrap returns fault.ErrRefused.
func (e *RemovedPairError) Unwrap() error { return fault.ErrRefused }
