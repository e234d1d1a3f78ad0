package main

import (
	"context"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// scriptBeforeRequest is before-commit for requests that are not the first
// write:
//
//	before-request txn|range|watch N put|delete KEY [FILE]
//
// From now on, before transaction, range read or watch N of a command, somebody else
// writes a key.
func scriptBeforeRequest(ts *testscript.TestScript, _ bool, args []string) {
	methods := map[string]string{"txn": etcdtest.Commit, "range": "/etcdserverpb.KV/Range", "watch": watchMethod}
	wanted, err := strconv.Atoi(args[1])
	ts.Check(err)
	key, err := strconv.Unquote(`"` + args[3] + `"`)
	ts.Check(err)
	client := worldOf(ts).client
	write := func(ctx context.Context) error {
		_, err := client.Delete(ctx, key)
		return err
	}
	if args[2] == "put" {
		value := readTrimmed(ts, args[4])
		write = func(ctx context.Context) error {
			_, err := client.Put(ctx, key, value)
			return err
		}
	}
	interpose(ts, &etcdtest.Interposer{Before: func(ctx context.Context, method string, number int) error {
		if method == methods[args[0]] && number == wanted {
			return write(ctx)
		}
		return nil
	}})
}
