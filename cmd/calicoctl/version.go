package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/profile"
)

// version is set by the linker.
var version string

// versionView is what this program is, for -o json and -o yaml.
type versionView struct {
	Version  string       `json:"version"`
	Commit   string       `json:"commit,omitempty"` // of git; not known of a build without it
	Modified bool         `json:"modified"`         // the sources were not those of the commit
	Go       string       `json:"go"`
	Platform string       `json:"platform"`
	Layouts  []layoutView `json:"layouts"` // of profiles in etcd
}

type layoutView struct {
	Layout profile.Layout `json:"layout"`
	Access string         `json:"access"`
}

func versionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Prints the version, the commit, and the layouts of profiles: v3 is read and edited, v1
(calicoctl 0.x) is read. Sends no request.`,
		Example: `  calicoctl version
  calicoctl version -o json`,
		Args: cli.NoArguments,
		RunE: func(*cobra.Command, []string) error {
			info, _ := debug.ReadBuildInfo()
			v := describeBuild(version, info)
			return a.out.Print(v.text(), v)
		},
	}
}

// describeBuild returns the version that the linker was given, or else that of
// the module, and what Go noted of the build, if it did.
func describeBuild(linked string, info *debug.BuildInfo) versionView {
	v := versionView{
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Layouts: []layoutView{{profile.V3, "edit"}, {profile.V1, "read"}},
	}
	module := ""
	if info != nil {
		module = strings.TrimSuffix(info.Main.Version, "(devel)")
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Commit = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	v.Version = cmp.Or(linked, module, "dev")
	return v
}

func (v versionView) text() string {
	commit := cmp.Or(v.Commit, "unknown")
	if v.Modified {
		commit += ", modified"
	}
	return fmt.Sprintf(`calicoctl %s (%s)
commit: %s
platform: %s
profiles in etcd: layout v3 is edited, layout v1 (of calicoctl 0.x) is read
`, v.Version, v.Go, commit, v.Platform)
}
