package main

import (
	"context"
	"encoding/binary"
	"os"
	"strconv"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// scriptBeforeRequest is before-commit for requests that are not the first
// write:
//
//	before-request txn|range|watch N put|delete KEY [FILE]
//
// From now on, before transaction, range read or watch N of a command, another client
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

// utf16 FROM TO              writes a file anew, in UTF-16 with a byte-order mark
func scriptUTF16(ts *testscript.TestScript, _ bool, args []string) {
	text := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(ts.ReadFile(args[0]))) {
		text = binary.LittleEndian.AppendUint16(text, unit)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}

// calico                     puts the key into etcd that every Calico has; without
//
//	it the first profile add warns of a wrong etcd
func scriptCalico(ts *testscript.TestScript, _ bool, _ []string) {
	_, err := worldOf(ts).client.Put(context.Background(), embedetcd.CalicoKey, embedetcd.CalicoValue)
	ts.Check(err)
}

// scriptFull makes etcd say that it has no space left.
func scriptFull(ts *testscript.TestScript, _ bool, _ []string) {
	client := worldOf(ts).client
	members, err := client.MemberList(context.Background())
	ts.Check(err)
	_, err = pb.NewMaintenanceClient(client.ActiveConnection()).Alarm(context.Background(), &pb.AlarmRequest{
		Action: pb.AlarmRequest_ACTIVATE, Alarm: pb.AlarmType_NOSPACE, MemberID: members.Members[0].ID,
	})
	ts.Check(err)
}
