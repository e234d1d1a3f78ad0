package main

import (
	"context"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// The commands of scripts about what was:
//
//	etcd-compact [REVISION]    throw away what is older than a revision, or all
//	                           that is old
//	etcd-remove KEY            remove a key

func scriptCompact(ts *testscript.TestScript, _ bool, args []string) {
	client := worldOf(ts).client
	var revision int64
	if len(args) > 0 {
		var err error
		revision, err = strconv.ParseInt(args[0], 10, 64)
		ts.Check(err)
	} else {
		answer, err := client.Get(context.Background(), "/")
		ts.Check(err)
		revision = answer.Header.Revision
	}
	_, err := client.Compact(context.Background(), revision)
	ts.Check(err)
}

func scriptRemove(ts *testscript.TestScript, _ bool, args []string) {
	_, err := worldOf(ts).client.Delete(context.Background(), args[0])
	ts.Check(err)
}
