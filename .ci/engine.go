//go:build ignore

// This program tells whether a Docker engine answers where DOCKER_HOST points,
// by its exit code and in a line. Neither the docker command nor curl need be
// there for it, and it asks as the tests do.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/docker/docker/client"
)

func main() {
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	version, err := docker.ServerVersion(ctx)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("Docker engine %s answers at %s\n", version.Version, docker.DaemonHost())
}
