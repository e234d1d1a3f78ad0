//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/felix"
)

// version is set by the linker.
var version string

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitNo     = 10 // a question was answered with no, or check found something
)

// A program is one run of calico-docker.
type program struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	lookup   func(string) (string, bool) // of the environment
	options  options
	log      *slog.Logger
}

// options are the flags.
type options struct {
	etcd       etcd.Config
	config     string
	node       string
	docker     string
	pluginDir  string
	stateDir   string
	felixDir   string
	mtuFile    string
	felixWait  time.Duration
	collect    time.Duration
	unenforced bool
	level      string
	format     string
}

// A usageError is about the command line.
type usageError struct{ error }

func run(ctx context.Context, args []string, in io.Reader, out, stderr io.Writer, lookup func(string) (string, bool)) int {
	p := &program{in: in, out: out, err: stderr, lookup: lookup, getenv: func(name string) string {
		value, _ := lookup(name)
		return value
	}}
	root := p.command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errNo):
		return exitNo
	}
	fmt.Fprintln(stderr, "calico-docker: "+strings.ReplaceAll(err.Error(), "\n", "; "))
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "calico-docker",
		Short: "Docker's network driver and IPAM driver for Calico",
		Long: `calico-docker is Docker's network driver and IPAM driver for Calico. Without a
command it serves both to the Docker engine of this host, in the foreground:

  docker network create --driver calico --ipam-driver calico databases
  calicoctl profile databases rule show

It is configured like calicoctl: by the same flags, variables and file.`,
		Example: `  calico-docker init --pool 10.233.64.0/18
  calico-docker check
  calico-docker
  calico-docker --allow-unenforced        try it without Felix`,
		Version:       cmp.Or(version, "dev"),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q; \"calico-docker --help\" lists them", args[0])}
			}
			return nil
		},
		PersistentPreRunE: func(*cobra.Command, []string) error { return p.startLog() },
		RunE:              func(cmd *cobra.Command, _ []string) error { return p.serve(cmd.Context()) },
	}
	root.SetOut(p.out)
	root.SetErr(p.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	p.addFlags(root)
	root.AddCommand(p.checkCommand(), p.initCommand())
	root.CompletionOptions.DisableDefaultCmd = true
	return root
}

func (p *program) addFlags(root *cobra.Command) {
	o, f := &p.options, root.PersistentFlags()
	f.StringSliceVar(&o.etcd.Endpoints, "etcd-endpoints", nil, "`URLS` of etcd (ETCD_ENDPOINTS; default "+etcd.DefaultEndpoint+")")
	f.StringVar(&o.etcd.DiscoverySRV, "etcd-discovery-srv", "", "DNS `DOMAIN` whose SRV records name the endpoints (ETCD_DISCOVERY_SRV)")
	f.StringVar(&o.etcd.Username, "etcd-username", "", "`USER` of etcd (ETCD_USERNAME; the password only in ETCD_PASSWORD or the file)")
	f.StringVar(&o.etcd.KeyFile, "etcd-key-file", "", "client key, a PEM `FILE` (ETCD_KEY_FILE)")
	f.StringVar(&o.etcd.CertFile, "etcd-cert-file", "", "client certificate, a PEM `FILE` (ETCD_CERT_FILE)")
	f.StringVar(&o.etcd.CAFile, "etcd-ca-cert-file", "", "authority that signed the server's certificate, a PEM `FILE` (ETCD_CA_CERT_FILE)")
	f.StringVar(&o.config, "config", "", "configuration `FILE` (default "+etcd.DefaultConfigFile+", if it is there)")
	f.StringVar(&o.node, "node", "", "Calico's `NAME` of this host (NODENAME, /var/lib/calico/nodename, or else the host's name)")
	f.StringVar(&o.docker, "docker-host", "", "`URL` of the Docker engine (DOCKER_HOST; default unix:///var/run/docker.sock)")
	f.StringVar(&o.pluginDir, "plugin-dir", "/run/docker/plugins", "`DIRECTORY` of the sockets calico.sock and calico-ipam.sock")
	f.StringVar(&o.stateDir, "state-dir", "/var/lib/calico-docker", "`DIRECTORY` of the state file, and of profiles that were removed with their network")
	f.StringVar(&o.felixDir, "felix-dir", felix.DefaultDir, "`DIRECTORY` where Felix says which endpoints it has done")
	f.StringVar(&o.mtuFile, "mtu-file", "/var/lib/calico/mtu", "`FILE` that holds the MTU of containers, if it is there")
	f.DurationVar(&o.felixWait, "felix-wait", 2*time.Second, "how long a container waits for its policy at most")
	f.DurationVar(&o.collect, "collect-interval", 2*time.Minute, "`TIME` between two rounds of the collector; what is missing in two of them is removed")
	f.BoolVar(&o.unenforced, "allow-unenforced", false, "also start containers when Felix enforces no policy here; for trying out only")
	f.StringVarP(&o.level, "log-level", "l", "info", "`LEVEL` of the log: debug, info, warn or error")
	f.StringVar(&o.format, "log-format", "text", "`FORMAT` of the log: text or json")
}

// startLog makes the log on stderr that the flags ask for.
func (p *program) startLog() error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(p.options.level)); err != nil {
		return usageError{fmt.Errorf("--log-level: expected debug, info, warn or error, got %q", p.options.level)}
	}
	settings := &slog.HandlerOptions{Level: level}
	switch p.options.format {
	case "text":
		p.log = slog.New(slog.NewTextHandler(p.err, settings))
	case "json":
		p.log = slog.New(slog.NewJSONHandler(p.err, settings))
	default:
		return usageError{fmt.Errorf("--log-format: expected text or json, got %q", p.options.format)}
	}
	for name, d := range map[string]time.Duration{"--felix-wait": p.options.felixWait, "--collect-interval": p.options.collect} {
		if d <= 0 {
			return usageError{fmt.Errorf("%s: expected a time such as 2s, got %s", name, d)}
		}
	}
	return nil
}

// etcdConfig finds out where etcd is, as calicoctl does.
func (p *program) etcdConfig(ctx context.Context) (etcd.Config, error) {
	cfg, warnings, err := etcd.LoadConfig(ctx, etcd.Sources{Flags: p.options.etcd, LookupEnv: p.lookup, File: p.options.config})
	for _, w := range warnings {
		p.log.Warn(w)
	}
	return cfg, err
}

// nodeName returns Calico's name of this host, as Felix finds it.
func (p *program) nodeName() (string, error) {
	file := cmp.Or(p.getenv("CALICO_NODENAME_FILE"), "/var/lib/calico/nodename")
	name := cmp.Or(p.options.node, p.getenv("NODENAME"))
	if name == "" {
		text, _ := os.ReadFile(file) // it need not be there
		name = strings.TrimSpace(string(text))
	}
	if name == "" {
		host, err := os.Hostname()
		name = strings.ToLower(strings.TrimSpace(cmp.Or(p.getenv("HOSTNAME"), host)))
		if name == "" {
			return "", fmt.Errorf("this host has no name (%w); set NODENAME", err)
		}
	}
	if strings.ContainsAny(name, "/ \t\n") {
		return "", fmt.Errorf("the node name %q holds a slash or a blank; set NODENAME", name)
	}
	return name, nil
}

// statePath returns the path of a file of the driver.
func (p *program) statePath(name string) string { return filepath.Join(p.options.stateDir, name) }
