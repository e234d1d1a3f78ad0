// Command floor is the least that a program does which reads one key of etcd:
//
//	floor get URL KEY [CA CERT CERTKEY]    print the value
//	floor put URL KEY [CA CERT CERTKEY]    write it again if nobody changed it
package main

import (
	"fmt"
	"os"

	"github.com/calicoctl/calicoctl/tools/bench/bare"
)

func main() {
	do := bare.Get
	if os.Args[1] == "put" {
		do = bare.Put
	}
	if err := do(os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}
