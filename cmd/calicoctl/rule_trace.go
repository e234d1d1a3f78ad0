package main

import (
	"context"
	"errors"

	"github.com/calicoctl/calicoctl/internal/cli"
	"github.com/calicoctl/calicoctl/internal/gather"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/trace"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

func ruleTestCommand(a *app) *cobra.Command {
	q := trace.Question{}
	cmd := &cobra.Command{
		Use:         "test",
		Short:       "Show the verdict on a packet, and which rule decides",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule test (inbound|outbound) [PROTOCOL [type N [code N]]] [from END] [to END] [flags]"},
		Long: `Shows what happens to the first packet of a connection at an endpoint of a profile:
whether it is allowed, which rule decides, and why the rules before do not match.
Sends no packet and changes nothing.

END is the source or the destination of the packet, one or more of:
  tag NAME         an endpoint with the tag; may be repeated
  ADDRESS          an address, with the tags and labels of its endpoint
  ports PORT       one port, of tcp, udp or sctp
  container NAME   a container of Docker on this host, with its address and tags
  endpoint ID      an endpoint as in "calicoctl profile show --detailed"

One END is an endpoint of the profile and has the profile's tags: inbound the one
after "to", outbound the one after "from". The other one has exactly the tags that
are given or looked up. If a protocol, port, type, code or address is not given, and
it matters, the answer is that it depends.

With --endpoint, all profiles of that endpoint are evaluated in order. A policy that
selects the endpoint decides before its profiles.

Exit codes: 0 allowed, 10 denied, 11 it depends.`,
		Example: `  calicoctl profile databases rule test inbound tcp from tag applications to ports 3306
  calicoctl profile databases rule test inbound tcp from container app-1 to ports 3306
  calicoctl profile web rule test outbound udp to 10.0.0.53 ports 53
  calicoctl profile web rule test inbound icmp type 8 from 203.0.113.7 --endpoint=host1/docker/app1/eth0`,
		ValidArgsFunction: completePacket,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needName(a, cmd); err != nil {
				return err
			}
			if err := readQuestion(cmd, args, a.flags.literal, &q); err != nil {
				return err
			}
			return tracePacket(cmd.Context(), a, q)
		},
	}
	cmd.Flags().StringVar(&q.Endpoint, "endpoint", "", "evaluate all profiles of the endpoint with this `ID`")
	return cmd
}

// readQuestion reads the arguments into a question, whose Endpoint is that of the flag.
func readQuestion(cmd *cobra.Command, args []string, literal bool, q *trace.Question) (err error) {
	var packet []string
	if q.Direction, packet, err = direction(cmd, args); err != nil {
		return err
	}
	if q.Packet, err = rules.ParsePacket(packet); err != nil {
		return err
	}
	local := *q.Local()
	switch {
	case literal && q.Packet.From.Container+q.Packet.To.Container != "":
		return cli.Usagef("a container is looked up in Docker, which --literal does not use; give its address")
	case cmd.Flags().Changed("endpoint") && q.Endpoint == "":
		return cli.Usagef("--endpoint: expected the ID of an endpoint; is a shell variable empty?")
	case q.Endpoint != "" && (local.Container != "" || local.Endpoint != "" || len(local.Tags) > 0):
		return cli.Usagef("--endpoint names the endpoint that %q is about; only ports and one of its addresses can stand there, too", q.LocalKeyword())
	}
	return nil
}

// completePacket completes the keywords of a packet, without a request.
func completePacket(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		return []string{"inbound", "outbound"}, cobra.ShellCompDirectiveNoFileComp
	case 1:
		return []string{"tcp", "udp", "icmp", "icmpv6", "sctp", "udplite", "from", "to"}, cobra.ShellCompDirectiveNoFileComp
	}
	switch args[len(args)-1] {
	case "from", "to":
		return []string{"tag", "ports", "container", "endpoint"}, cobra.ShellCompDirectiveNoFileComp
	case "icmp", "icmpv6":
		return []string{"type", "from", "to"}, cobra.ShellCompDirectiveNoFileComp
	case "tag", "ports", "container", "endpoint", "type", "code":
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"from", "to"}, cobra.ShellCompDirectiveNoFileComp
}

// The answers of rule test other than yes. They are no failures, and no message is
// printed for them.
var (
	errDenied  = errors.New("the packet is denied")
	errDepends = errors.New("what happens to the packet depends")
)

func tracePacket(ctx context.Context, a *app, q trace.Question) error {
	var t *trace.Trace
	err := inSession(ctx, a, func(ctx context.Context, s *session) error {
		if err := s.names.Need(q.Tags()...); err != nil { // a tag that means another one is a wrong answer
			return err
		}
		s.warnDocker()
		source := gather.Source{Store: s.store, Names: s.names, Engine: s.engine, Warner: &a.msg}
		facts, err := source.Facts(ctx, a.flags.profile, q)
		if err == nil {
			t, err = trace.Evaluate(facts)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, text := range t.Warnings {
		a.msg.Printf("%s", text)
	}
	if err := a.out.Print(t.Text(), t.View()); err != nil {
		return err
	}
	switch t.Outcome() {
	case verdict.Denied:
		return errDenied
	case verdict.Depends:
		return errDepends
	}
	return nil
}
