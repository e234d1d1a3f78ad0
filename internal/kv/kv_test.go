package kv

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestTransient(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("of this program"), false},
		{context.DeadlineExceeded, true},
		{context.Canceled, true},
		{status.Error(codes.Unavailable, "EOF"), true},
		{fmt.Errorf("key x: %w", rpctypes.ErrNoLeader), true},
		{rpctypes.ErrTooManyRequests, true},
		{rpctypes.ErrPermissionDenied, false},
		{rpctypes.ErrAuthFailed, false},
		{rpctypes.ErrNoSpace, false},
	} {
		if got := Transient(test.err); got != test.want {
			t.Errorf("%v: got %v", test.err, got)
		}
	}
}

func TestRepeat(t *testing.T) {
	t.Parallel()
	lost, refused := status.Error(codes.Unavailable, "EOF"), errors.New("refused")
	for _, test := range []struct {
		name     string
		attempts []error // nil is a lost race, all but for the last
		want     error
	}{
		{"at once", []error{nil}, nil},
		{"after an unknown outcome and a lost race", []error{lost, nil, nil}, nil},
		{"refused", []error{lost, refused}, refused},
	} {
		number := 0
		err := Repeat(t.Context(), func() (bool, error) {
			number++
			return number == len(test.attempts), test.attempts[number-1]
		})
		if !errors.Is(err, test.want) || number != len(test.attempts) {
			t.Errorf("%s: %v after %d attempts", test.name, err, number)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := Repeat(ctx, func() (bool, error) { return false, lost })
	if !errors.Is(err, context.DeadlineExceeded) || !IsServer(err) {
		t.Errorf("no time left: got %v", err)
	}
}
