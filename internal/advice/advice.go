// Package advice makes the commands that messages of several packages advise.
package advice

import (
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// Migrate returns the command that migrates a v1 profile.
func Migrate(id string) string {
	command := "calicoctl profile migrate " + printable.Text(id)
	if lower := strings.ToLower(id); lower != id && profile.CheckName(lower) == "" {
		command += " " + lower
	}
	return command
}
