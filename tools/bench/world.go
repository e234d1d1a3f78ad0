//go:build unix

package main

import (
	"os"
	"strings"

	"github.com/calicoctl/calicoctl/tools/bench/plan"
)

// A world is what the commands have to work on.
type world struct {
	programs programs
	servers  *servers
	docker   *networks
}

// An etcd is what a command is pointed at.
type etcd struct {
	endpoint string
	certificates
}

// shortest is how much each of the commands prints at least, "rule add" and the
// floor of an edit excepted.
const shortest = 100

// least returns what one of the floors does: get or put, and --docker.
func (w world) least(title, program, what string, e etcd, profile string, flags ...string) row {
	args := append([]string{program, what, e.endpoint, profilePrefix + profile}, flags...)
	if e.authority != "" {
		args = append(args, e.authority, e.client, e.clientKey)
	}
	c := plan.Command{Args: args, Env: environment()}
	if what == "get" {
		c.AtLeast = shortest
	}
	return row{title: title, command: c}
}

func (w world) calicoctl(title, floor string, e etcd, words string) row {
	c := plan.Command{
		Args: append([]string{w.programs.calicoctl}, strings.Fields(words)...),
		Env: append(environment(), "ETCD_ENDPOINTS="+e.endpoint, "ETCD_CA_CERT_FILE="+e.authority,
			"ETCD_CERT_FILE="+e.client, "ETCD_KEY_FILE="+e.clientKey),
	}
	if strings.HasSuffix(words, "show") {
		c.AtLeast = shortest
	}
	return row{title: title, floor: floor, command: c}
}

func (w world) etcdctl(e etcd, profile string) row {
	args := []string{w.programs.etcdctl, "--endpoints=" + e.endpoint}
	if e.authority != "" {
		args = append(args, "--cacert="+e.authority, "--cert="+e.client, "--key="+e.clientKey)
	}
	return row{title: "`etcdctl get`", floor: getFloor, command: plan.Command{
		Args: append(args, "get", profilePrefix+profile), Env: environment(), AtLeast: shortest,
	}}
}

// environment is what all commands get: of what is set here, only what says
// where Docker is.
func environment() []string {
	var env []string
	for _, setting := range os.Environ() {
		if strings.HasPrefix(setting, "DOCKER_") || strings.HasPrefix(setting, "PATH=") {
			env = append(env, setting)
		}
	}
	return env
}
