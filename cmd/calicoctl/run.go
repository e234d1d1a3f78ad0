package main

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/calicoctl/calicoctl/internal/cli"
	"github.com/calicoctl/calicoctl/internal/warn"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/render"
)

// An app is one run of the program: small values, of which each command takes what it
// needs.
type app struct {
	io           streams
	msg          warn.Warner
	out          render.Printer
	flags        globalFlags
	log          *slog.Logger // see startLog
	confirmation confirmation

	dockerTime time.Duration // the share of the time that Docker gets; 0 is all
	writes     bool          // the command changes something in etcd
}

// globalFlags are the flags of all commands.
type globalFlags struct {
	etcd     etcd.Config
	config   string // the name of the configuration file
	logLevel string
	timeout  time.Duration
	literal  bool
	profile  string // the NAME in "profile NAME ..."
}

// run executes one command line and returns its exit code. Data goes to
// stdout, all else to stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, lookupEnv func(string) (string, bool)) int {
	a := &app{io: streams{stdin: stdin, stdout: stdout, lookupEnv: lookupEnv}, msg: warn.Warner{Out: stderr}}
	root := a.command()
	err := a.execute(ctx, root, args)
	if len(a.confirmation.edits) > 0 {
		return a.confirm(err)
	}
	if werr := a.out.Flush(stdout); werr != nil && (err == nil || isAnswer(err)) {
		err = werr
	}
	if err == nil {
		return exitDone
	}
	if !isAnswer(err) {
		a.explain(err)
	}
	return exitCode(err)
}

func (a *app) execute(ctx context.Context, root *cobra.Command, args []string) error {
	if cli.IsCompletion(args) {
		complete(ctx, a, root, args)
		return nil
	}
	args, err := cli.NameFirst(root, args)
	if err != nil {
		return err
	}
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// command returns the tree of commands.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "calicoctl",
		Short: "Read and edit the security policy of Calico networks",
		Long: `calicoctl reads and edits the security policy of Calico networks in etcd.

The policy of a Docker network is a profile: a list of inbound rules, a list of
outbound rules, and tags. Each edit is one atomic transaction.`,
		Example: `  calicoctl profile databases rule show
  calicoctl profile databases rule add inbound allow tcp from tag applications to ports 3306
  calicoctl profile --help        all commands on profiles, and the rule language`,
		Annotations:       map[string]string{"usage": "calicoctl COMMAND"},
		SilenceUsage:      true,
		SilenceErrors:     true,
		Args:              cli.UnknownCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cli.MissingCommand(cmd) },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.prepare(cmd) },
	}
	a.addFlags(root)
	root.SetOut(&a.out)
	root.SetErr(a.msg.Out)
	root.SetUsageFunc(cli.PrintUsage)
	root.SetFlagErrorFunc(cli.FlagError)
	root.AddCommand(profileCommand(a), versionCommand(a))
	root.SetHelpCommand(cli.HelpCommand())
	cli.AddCompletion(root)
	return root
}

func (a *app) addFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.Var(cli.NewEndpointsFlag(&a.flags.etcd.Endpoints), "etcd-endpoints", "`URLS` of etcd (ETCD_ENDPOINTS; default "+etcd.DefaultEndpoint+")")
	f.StringVar(&a.flags.etcd.DiscoverySRV, "etcd-discovery-srv", "", "DNS `DOMAIN` whose SRV records name the endpoints (ETCD_DISCOVERY_SRV)")
	f.StringVar(&a.flags.etcd.Username, "etcd-username", "", "`USER` of etcd (ETCD_USERNAME; the password only in ETCD_PASSWORD or the file)")
	f.StringVar(&a.flags.etcd.KeyFile, "etcd-key-file", "", "client key, a PEM `FILE` (ETCD_KEY_FILE)")
	f.StringVar(&a.flags.etcd.CertFile, "etcd-cert-file", "", "client certificate, a PEM `FILE` (ETCD_CERT_FILE)")
	f.StringVar(&a.flags.etcd.CAFile, "etcd-ca-cert-file", "", "CA certificate of the server, a PEM `FILE` (ETCD_CA_CERT_FILE)")
	f.StringVar(&a.flags.config, "config", "", "configuration `FILE` (default "+etcd.DefaultConfigFile+", if it exists)")
	f.DurationVar(&a.flags.timeout, "timeout", 10*time.Second, "limit for the whole command, a `TIME` such as 30s")
	f.BoolVar(&a.flags.literal, "literal", false, "take names as written, without Docker (CALICOCTL_LITERAL=1)")
	f.StringVarP(&a.flags.logLevel, "log-level", "l", "", "log to stderr; `LEVEL` is info or debug (CALICOCTL_LOG_LEVEL)")
	f.StringVarP(&a.out.Format, "output", "o", "text", "output `FORMAT`: text, json or yaml")
	must(root.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions(logLevels(), cobra.ShellCompDirectiveNoFileComp)))
	must(root.RegisterFlagCompletionFunc("output", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return formats(cmd), cobra.ShellCompDirectiveNoFileComp
	}))
}

// moreFormats is the annotation of a command with the formats that it has beside
// those of all.
const moreFormats = "formats"

// formats returns what --output of a command may be.
func formats(cmd *cobra.Command) []string {
	return append([]string{"text", "json", "yaml"}, strings.Fields(cmd.Annotations[moreFormats])...)
}

// prepare checks flags and environment before anything is read or changed.
func (a *app) prepare(cmd *cobra.Command) error {
	if list := formats(cmd); !slices.Contains(list, a.out.Format) {
		last := len(list) - 1
		return cli.Usagef("--output: expected %s or %s, got %q", strings.Join(list[:last], ", "), list[last], a.out.Format)
	}
	if err := cli.CheckSettings(cmd.Flags()); err != nil {
		return err
	}
	if a.flags.timeout <= 0 {
		return cli.Usagef("--timeout: expected a time such as 10s, got %s", a.flags.timeout)
	}
	if text := a.io.getenv("CALICOCTL_LITERAL"); text != "" && !a.flags.literal {
		var err error
		if a.flags.literal, err = strconv.ParseBool(text); err != nil {
			return cli.Usagef("CALICOCTL_LITERAL: expected 1 or 0, got %q", text)
		}
	}
	return a.startLog()
}

// deadline returns a context that ends when the command's time is over.
func (a *app) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.flags.timeout)
}

// must is for errors that only a mistake in this program's own tables causes.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
