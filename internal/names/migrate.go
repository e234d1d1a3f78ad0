package names

import (
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// MigrateCommand returns the command that migrates a v1 profile.
func MigrateCommand(id string) string {
	command := "calicoctl profile migrate " + printable.Text(id)
	if lower := strings.ToLower(id); lower != id && profile.CheckName(lower) == "" {
		command += " " + lower
	}
	return command
}
