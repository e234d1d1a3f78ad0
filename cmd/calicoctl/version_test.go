package main

import (
	"runtime/debug"
	"testing"
)

func TestDescribeBuild(t *testing.T) {
	t.Parallel()
	git := []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "abc123"}, {Key: "vcs.modified", Value: "true"}}
	for _, test := range []struct {
		name, linked, module string
		settings             []debug.BuildSetting
		version, commit      string
		modified             bool
	}{
		{"make build", "v1.2.3", "v1.2.4-0.2026", git, "v1.2.3", "abc123", true},
		{"go build", "", "v1.2.4-0.2026", git, "v1.2.4-0.2026", "abc123", true},
		{"go install of a release", "", "v1.2.3", nil, "v1.2.3", "", false},
		{"an unpacked archive", "", "(devel)", nil, "dev", "", false},
		{"make build of one", "dev", "(devel)", nil, "dev", "", false},
	} {
		info := &debug.BuildInfo{Settings: test.settings}
		info.Main.Version = test.module
		got := describeBuild(test.linked, info)
		if got.Version != test.version || got.Commit != test.commit || got.Modified != test.modified {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
	if got := describeBuild("", nil); got.Version != "dev" {
		t.Errorf("without anything: %+v", got)
	}
}
