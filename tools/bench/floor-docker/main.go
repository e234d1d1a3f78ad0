// Command floor-docker is command floor after it has asked Docker for its
// networks. It is another program because what Docker's client costs is paid by
// every program that it is linked into.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"

	"github.com/calicoctl/calicoctl/tools/bench/bare"
)

func main() {
	do := bare.Get
	if os.Args[1] == "put" {
		do = bare.Put
	}
	err := askDocker()
	if err == nil {
		err = do(os.Args[2], os.Args[3], os.Args[4:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor-docker:", err)
		os.Exit(1)
	}
}

func askDocker() error {
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return err
	}
	defer docker.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	networks, err := docker.NetworkList(ctx, network.ListOptions{})
	if err == nil && len(networks) == 0 {
		return errors.New("there are no Docker networks")
	}
	return err
}
