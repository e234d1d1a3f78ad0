package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  calicoctl version -o json",
		Args:    noWords,
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version string   `json:"version"`
				Go      string   `json:"go"`
				Layouts []string `json:"layouts"` // of profiles in etcd
			}{version, runtime.Version(), []string{"v3"}}
			return a.print(fmt.Sprintf("calicoctl %s (%s, profiles in etcd v3: layout v3)\n", v.Version, v.Go), v)
		},
	}
}
