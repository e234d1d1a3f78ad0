// Command floor-bare is the smallest program that reads one key of etcd, with
// etcd's client alone:
//
//	floor-bare get URL KEY [CA CERT CERTKEY]    print the value
//	floor-bare put URL KEY [CA CERT CERTKEY]    write it again if it is unchanged
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/calicoctl/calicoctl/tools/bench/bare"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "floor-bare:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) < 3:
		return errors.New("usage: floor-bare (get|put) URL KEY [CA CERT CERTKEY]")
	case args[0] == "put":
		return bare.Put(args[1], args[2], args[3:])
	}
	value, err := bare.Get(args[1], args[2], args[3:])
	if err == nil {
		fmt.Println(value)
	}
	return err
}
