package main

import (
	"context"
	"strconv"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/grpc/peer"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// The commands of scripts about what was:
//
//	etcd-compact [REVISION]    throw away what is older than a revision, or all
//	                           that is old
//	etcd-learner VAR           start a learner beside the etcd; its address is in VAR
//	etcd-remove KEY            remove a key
//	lose-watch N               from now on the first N watches lose their connection
//	compact-before-watch KEY FILE
//	                           from now on, before the first watch, somebody writes
//	                           a key and throws away what is old
//	lose-rest-of-write         from now on the answer to the first write is lost, and
//	                           all that follows by the same connection

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

// scriptLoseWatch: from now on, the first N watches of a command lose their
// connection.
func scriptLoseWatch(ts *testscript.TestScript, _ bool, args []string) {
	lost, err := strconv.Atoi(args[0])
	ts.Check(err)
	interpose(ts, &etcdtest.Interposer{Before: func(_ context.Context, method string, number int) error {
		if method == watchMethod && number <= lost {
			return etcdtest.ErrLost()
		}
		return nil
	}})
}

// scriptCompactBeforeWatch: before a command watches, somebody writes a key twice,
// and etcd throws the past away.
func scriptCompactBeforeWatch(ts *testscript.TestScript, _ bool, args []string) {
	client, value := worldOf(ts).client, readTrimmed(ts, args[1])
	interpose(ts, &etcdtest.Interposer{Before: func(ctx context.Context, method string, number int) error {
		if method != watchMethod || number > 1 {
			return nil
		}
		var revision int64
		for _, v := range []string{value + " ", value} {
			answer, err := client.Put(ctx, args[0], v)
			if err != nil {
				return err
			}
			revision = answer.Header.Revision
		}
		_, err := client.Compact(ctx, revision)
		return err
	}})
}

const watchMethod = "/etcdserverpb.Watch/Watch"

// scriptLoseRestOfWrite: from now on, the answer to the first write is lost, and
// with it etcd for the connection that it came by. A second connection works.
func scriptLoseRestOfWrite(ts *testscript.TestScript, _ bool, _ []string) {
	var mu sync.Mutex
	lost := "" // the connection
	interpose(ts, &etcdtest.Interposer{After: func(ctx context.Context, method string, number int) error {
		from, _ := peer.FromContext(ctx)
		mu.Lock()
		defer mu.Unlock()
		if method == etcdtest.Commit && number == 2 {
			lost = from.Addr.String()
		}
		if lost == from.Addr.String() {
			return etcdtest.ErrLost()
		}
		return nil
	}})
}

func scriptLearner(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), safetyNet)
	defer cancel()
	endpoint, err := worldOf(ts).etcd.AddLearner(ctx)
	ts.Check(err)
	ts.Setenv(args[0], endpoint)
}
