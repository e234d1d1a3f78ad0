package main

import (
	"errors"
	"fmt"

	"github.com/calicoctl/calicoctl/internal/advice"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// hint returns the end of the text of an error: the flag or the command that helps,
// which the packages below do not know. It may be empty.
func hint(err error) string {
	var protected *profile.ProtectedError
	var other *profile.OtherRuleError
	var unknown *store.UseUnknownError
	var kind *rules.ListingKindError
	switch {
	case errors.As(err, &protected) && protected.Why == profile.ProtectedV1:
		return fmt.Sprintf("; \"%s\" makes a v3 profile of it", advice.Migrate(protected.ID))
	case errors.As(err, &protected) && protected.Why == profile.ProtectedMaintained:
		return "; --force edits it all the same"
	case errors.As(err, &other) && other.OtherForm:
		return fmt.Sprintf("; --at=%d alone removes it", other.At)
	case errors.As(err, &unknown):
		return "; --no-check removes it all the same"
	case errors.As(err, &kind) && kind.Profiles:
		return "; a file of profiles is for \"calicoctl profile apply\""
	case errors.As(err, &kind):
		return "; the rules of one profile alone are for \"calicoctl profile NAME rule apply\""
	}
	return ""
}
