package main

import (
	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/cli"
)

func profileCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:         "profile",
		Short:       "Read and edit profiles, the policy of networks",
		Annotations: map[string]string{"usage": "calicoctl profile COMMAND | calicoctl profile NAME (rule|tag) COMMAND | calicoctl profile NAME (lint|history|undo)", "commands": "listed in Long"},
		Long:        profileHelp,
		Example: `  calicoctl profile databases rule show
  calicoctl profile databases rule add inbound allow tcp from tag applications to ports 3306
  calicoctl profile databases rule remove inbound --at=1`,
		Args: cli.UnknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.flags.profile != "" {
				return cli.Usagef("expected rule, tag, lint, history or undo after the profile %q; see calicoctl profile --help", a.flags.profile)
			}
			return cli.MissingCommand(cmd)
		},
	}
	cmd.ValidArgsFunction = bind(a, completeProfile)
	cmd.PersistentFlags().StringVar(&a.flags.profile, "profile", "", "the `NAME` of a profile, never a command")
	cmd.AddCommand(profileShowCommand(a), profileAddCommand(a), profileRemoveCommand(a), profileCopyCommand(a), profileMigrateCommand(a),
		profileExportCommand(a), profileApplyCommand(a),
		profileLintCommand(a), profileGraphCommand(a), ruleCommand(a), tagCommand(a), historyCommand(a), undoCommand(a))
	return cmd
}

const profileHelp = `Commands:
  calicoctl profile show [--detailed]                     list all profiles, or their endpoints
  calicoctl profile add NAME                              create a profile
  calicoctl profile remove NAME [--no-check]              remove a profile
  calicoctl profile copy NAME NEW                         copy a profile
  calicoctl profile migrate (NAME [NEW] | --all)          migrate from the layout of calicoctl 0.x
  calicoctl profile export [NAME...]                      write profiles as text
  calicoctl profile apply -f FILE                         change profiles to match a file
  calicoctl profile lint [NAME...]                        find errors and unreachable rules
  calicoctl profile graph [NAME...]                       show reachability
  calicoctl profile NAME rule show [--watch]              list the rules; watch changes
  calicoctl profile NAME rule add (inbound|outbound) [--at=N] RULE
  calicoctl profile NAME rule remove (inbound|outbound) (--at=N | RULE | --at=N RULE)
  calicoctl profile NAME rule move (inbound|outbound) --from=N --to=M
  calicoctl profile NAME rule replace (inbound|outbound) --at=N RULE
  calicoctl profile NAME rule edit                        edit rules and tags in an editor
  calicoctl profile NAME rule diff|apply -f FILE          compare with a listing; apply it
  calicoctl profile NAME rule test (inbound|outbound) [PROTOCOL [type N [code N]]] [from END] [to END]
                                                          show the verdict on a packet, and why
  calicoctl profile NAME rule json                        print the JSON of calicoctl 0.x
  calicoctl profile NAME rule update [-f FILE]            replace the rules with such JSON
  calicoctl profile NAME tag show                         list the tags
  calicoctl profile NAME tag add|remove TAG
  calicoctl profile NAME lint                             find errors and unreachable rules
  calicoctl profile NAME history [--limit=N]              list the revisions
  calicoctl profile NAME undo [--to-revision=R]           restore a revision

NAME is a profile, a Docker network, a network's ID, or the first 12 or more digits
of one. Before "rule", "tag", "lint", "history" or "undo", any word is a NAME, except
after add and remove. --profile=NAME always is one.
--dry-run shows what an edit would change. --confirm-within=60s rolls an edit back
unless Enter is pressed within that time.

RULE is:
  ACTION [ipversion (4|6)] [PROTOCOL] [ICMP] [from ENTITY] [to ENTITY]

  ACTION    allow, deny, log or pass. The first rule that matches decides. log
            continues with the next rule, pass leaves the profile.
  PROTOCOL  [not] tcp, udp, icmp, icmpv6, sctp, udplite or 1 to 255
  ICMP      [not] type 0..254 [code 0..255], directly after icmp or icmpv6
  ENTITY    one or more of these, each at most once, in any order:
              [not] ports PORTS       80,443,1000:2000 (tcp, udp or sctp)
              [not] tag NAME          endpoints of profiles with that tag
              [not] cidr CIDRS        10.0.0.0/8,192.168.1.1 ("cidr" is
                                      optional)
              [not] selector EXPR     one argument: "role == 'frontend'"

  "not x" can be written "!x". A tag with the name of a keyword (from, to, not,
  ports, tag, cidr, selector, type, code, ipversion) is in double quotes:
  tag '"to"'.

  EXPR compares labels: label == 'v', !=, in {'a','b'}, not in {...}, contains,
  starts with, ends with, has(label), all(), global(), !, &&, || and ( ).

Exit codes: 0 done, 1 failed or not found, 2 the arguments are wrong, 3 etcd or
Docker did not answer and nothing was changed, 4 conflict with another client,
5 unknown outcome, 10 the answer is no (rule test: denied; lint: errors; a dry run
or rule diff with --exit-code: a difference; an edit was not confirmed), 11 it
depends (rule test), 130 interrupted.`
