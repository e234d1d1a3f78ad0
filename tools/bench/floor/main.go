// Command floor is the smallest program that links the libraries of calicoctl
// (cobra, Docker's client, tablewriter, etcd's client) and sends the same
// requests with them:
//
//	floor get URL KEY [CA CERT CERTKEY]    print the value
//	floor put URL KEY [CA CERT CERTKEY]    write it again if it is unchanged
//
// With --docker it first lists Docker's networks.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/olekukonko/tablewriter"
	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/tools/bench/bare"
)

func main() {
	if err := command().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{Use: "floor", SilenceUsage: true, SilenceErrors: true}
	docker := root.PersistentFlags().Bool("docker", false, "list Docker's networks first")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if !*docker {
			return nil
		}
		return listNetworks(cmd.Context())
	}
	root.AddCommand(&cobra.Command{
		Use: "get URL KEY [CA CERT CERTKEY]", Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			value, err := bare.Get(args[0], args[1], args[2:])
			if err == nil {
				printTable(cmd, value)
			}
			return err
		},
	}, &cobra.Command{
		Use: "put URL KEY [CA CERT CERTKEY]", Args: cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return bare.Put(args[0], args[1], args[2:]) },
	})
	root.SetOut(os.Stdout)
	return root
}

func printTable(cmd *cobra.Command, value string) {
	table := tablewriter.NewWriter(cmd.OutOrStdout())
	table.SetAutoWrapText(false)
	table.Append([]string{value})
	table.Render()
}

func listNetworks(ctx context.Context) error {
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return err
	}
	defer docker.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	networks, err := docker.NetworkList(ctx, network.ListOptions{})
	if err == nil && len(networks) == 0 {
		return errors.New("there are no Docker networks")
	}
	return err
}
