//go:build !linux

package main

import (
	"context"
	"errors"
	"io"
)

const inside = "CALICOCTL_DEMO_INSIDE"

func noDriver(string) error { return errors.New("that takes Linux") }

func runWithDriver(context.Context, string, io.Writer, io.Writer) (int, error) {
	return exitFailed, noDriver("")
}

func runInside(context.Context, string, string, io.Writer, io.Writer) (int, error) {
	return exitFailed, noDriver("")
}

func contain([]string) int { return exitFailed }
