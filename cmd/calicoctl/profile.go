package main

import (
	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/cli"
)

func profileCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:         "profile",
		Short:       "Read and change profiles: the policy of networks",
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
	cmd.PersistentFlags().StringVar(&a.flags.profile, "profile", "", "the profile's `NAME`, said plainly")
	cmd.AddCommand(profileShowCommand(a), profileAddCommand(a), profileRemoveCommand(a), profileCopyCommand(a), profileMigrateCommand(a),
		profileExportCommand(a), profileApplyCommand(a),
		profileLintCommand(a), profileGraphCommand(a), ruleCommand(a), tagCommand(a), historyCommand(a), undoCommand(a))
	return cmd
}

const profileHelp = `Commands:
  calicoctl profile show [--detailed]                     list all profiles, and their endpoints
  calicoctl profile add NAME                              create a profile
  calicoctl profile remove NAME [--no-check]              remove a profile
  calicoctl profile copy NAME NEW                         create another one like it
  calicoctl profile migrate (NAME [NEW] | --all)          from the layout of calicoctl 0.x
  calicoctl profile export [NAME...]                      write them to a file
  calicoctl profile apply -f FILE                         make them say what a file does
  calicoctl profile lint [NAME...]                        find what is wrong or unreachable in them
  calicoctl profile graph [NAME...]                       show who may talk to whom
  calicoctl profile NAME rule show [--watch]              list its rules; show each change
  calicoctl profile NAME rule add (inbound|outbound) [--at=N] RULE
  calicoctl profile NAME rule remove (inbound|outbound) (--at=N | RULE | --at=N RULE)
  calicoctl profile NAME rule move (inbound|outbound) --from=N --to=M
  calicoctl profile NAME rule replace (inbound|outbound) --at=N RULE
  calicoctl profile NAME rule edit                        change them in an editor
  calicoctl profile NAME rule diff|apply -f FILE          compare with a listing; make it so
  calicoctl profile NAME rule test (inbound|outbound) [PROTOCOL [type N [code N]]] [from END] [to END]
                                                          what happens to a packet, and why
  calicoctl profile NAME rule json                        print them as JSON of calicoctl 0.x
  calicoctl profile NAME rule update [-f FILE]            replace them by such JSON
  calicoctl profile NAME tag show                         list its tags
  calicoctl profile NAME tag add|remove TAG
  calicoctl profile NAME lint                             find what is wrong in it
  calicoctl profile NAME history [--limit=N]              show what was changed, revision by revision
  calicoctl profile NAME undo [--to-revision=R]           bring an earlier revision back

NAME is a profile, a Docker network, a network's ID, or the first 12 or more
digits of one. A profile may be called like a command: the word in front of "rule",
"tag", "lint", "history" or "undo" is a name, except after add and remove;
--profile=NAME always is one.
--dry-run shows what an edit would change; --confirm-within=60s rolls it back unless
Enter is pressed within that time.

RULE is:
  ACTION [ipversion (4|6)] [PROTOCOL] [ICMP] [from ENTITY] [to ENTITY]

  ACTION    allow, deny, log or pass. The first rule that fits decides; log
            goes on to the next rule, pass leaves the profile.
  PROTOCOL  [not] tcp, udp, icmp, icmpv6, sctp, udplite or 1 to 255
  ICMP      [not] type 0..254 [code 0..255], directly after icmp or icmpv6
  ENTITY    one or more of these, each at most once, in any order:
              [not] ports PORTS       80,443,1000:2000 (tcp, udp or sctp)
              [not] tag NAME          endpoints of profiles with that tag
              [not] cidr CIDRS        10.0.0.0/8,192.168.1.1 ("cidr" may be
                                      left away)
              [not] selector EXPR     one word: "role == 'frontend'"

  "not x" may be written "!x". A tag that is called like a word of the
  language (from, to, not, ports, tag, cidr, selector, type, code, ipversion)
  stands in double quotes: tag '"to"'.

  EXPR compares labels: label == 'v', !=, in {'a','b'}, not in {...}, contains,
  starts with, ends with, has(label), all(), global(), !, &&, || and ( ).

Exit codes: 0 done, 1 refused or not found, 2 the words are wrong, 3 etcd or
Docker gave no answer and nothing was changed, 4 conflict with another writer,
5 may or may not have been saved, 10 the answer is no (rule test: it is denied;
lint: there are errors; a dry run with --exit-code, or rule diff: something would
change; an edit was not confirmed), 11 it depends (rule test), 130 interrupted.`
