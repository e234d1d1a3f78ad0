//go:build generate && linux

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/tools/manual"
)

// With the tag generate, the program writes the manual pages of the driver into a
// directory, so that the code for it is not in the driver.
func main() {
	if err := generate(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(args []string) error {
	if len(args) != 2 || args[0] != "man" {
		return errors.New("usage: man DIR")
	}
	return pages().WritePages(args[1], "calico-docker "+version)
}

// pages returns what the pages say beside the commands' own help.
func pages() manual.Manual {
	return manual.Manual{
		Root: (&program{}).command(), Section: 8,
		Usage: func(c *cobra.Command) string { return c.UseLine() },
		Name:  func(c *cobra.Command) string { return c.CommandPath() },
		Status: []manual.Item{
			{Term: strconv.Itoa(exitDone), Text: "Done."},
			{Term: strconv.Itoa(exitFailed), Text: "Failed."},
			{Term: strconv.Itoa(exitUsage), Text: "The arguments are wrong."},
			{Term: strconv.Itoa(exitNo), Text: "`check` has found that something is missing, or the question of `init` was answered with no."},
		},
		Environment: []manual.Item{
			{Term: "`NODENAME`", Text: "Calico's name of this host, the same as Felix has"},
			{Term: "`CALICO_NODENAME_FILE`", Text: "the file that holds this name, if `NODENAME` is not set; by default `/var/lib/calico/nodename`"},
			{Term: "`ETCD_ENDPOINTS`, ...", Text: "where etcd is, and as whom; as for calicoctl(1)"},
			{Term: "`DOCKER_HOST`", Text: "the Docker engine"},
		},
		Files: []manual.Item{
			{Term: "`" + etcd.DefaultConfigFile + "`", Text: "where etcd is; see calicoctl.cfg(5). Without this file the units of systemd do not start the driver."},
			{Term: "`/etc/default/calico-docker`", Text: "flags and variables for the units of systemd"},
			{Term: "`/run/docker/plugins/calico.sock`, `calico-ipam.sock`", Text: "where Docker sends its requests to the drivers"},
			{Term: "`/var/lib/calico-docker/networks.json`", Text: "what the driver has to know of each network when it starts again"},
			{Term: "`/var/lib/calico-docker/removed/`", Text: "the profiles that were removed with their networks, as `calicoctl profile export` writes them"},
		},
		See: []string{"calicoctl(1)", "calicoctl.cfg(5)"},
	}
}
