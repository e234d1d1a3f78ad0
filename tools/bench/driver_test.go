//go:build unix

package main

import (
	"bytes"
	"testing"
)

func TestDriverTable(t *testing.T) {
	t.Parallel()
	text := "=== RUN   TestSpeed\n    speed_test.go:42: speed: one container, bridge | 374ms\n    x.go:1: something | else\n    speed_test.go:49: speed: the same, calico | 1.2s\n--- PASS\n"
	var out bytes.Buffer
	driverTable(&out, parseDriver(text))
	want := "| | time |\n|---|--:|\n| one container, bridge | 374ms |\n| the same, calico | 1.2s |\n"
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}
