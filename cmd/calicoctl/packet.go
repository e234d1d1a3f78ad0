package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func (a *app) ruleTestCommand() *cobra.Command {
	q := &question{}
	cmd := &cobra.Command{
		Use:         "test",
		Short:       "Say what happens to a packet, and which rule decides",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule test (inbound|outbound) [PROTOCOL [type N [code N]]] [from END] [to END] [flags]"},
		Long: `Says what happens to the first packet of a connection at an endpoint of a
profile: whether it is allowed, which rule decides, and why each rule in front of
that one does not. Nothing is sent, and nothing is changed.

END is where the packet comes from or goes to, one or more of:
  tag NAME         an endpoint that carries the tag; may stand several times
  ADDRESS          an address, with the tags and labels of the endpoint that has it
  ports PORT       one port, of tcp, udp or sctp
  container NAME   a container of this host's Docker, with its address and tags
  endpoint ID      an endpoint, as "calicoctl profile show --detailed" lists it

One END is an endpoint of the profile, and has the profile's tags: inbound that is
the one behind "to", outbound the one behind "from". The other one has exactly
the tags that are named or looked up. What is left out of protocol, ports, type,
code and addresses is open; where it matters, the answer is that it depends.

With --endpoint, all profiles of that endpoint are asked in their order. Where a
policy selects the endpoint, the policy decides before its profiles.

Exit codes: 0 allowed, 10 denied, 11 it depends.`,
		Example: `  calicoctl profile databases rule test inbound tcp from tag applications to ports 3306
  calicoctl profile databases rule test inbound tcp from container app-1 to ports 3306
  calicoctl profile web rule test outbound udp to 10.0.0.53 ports 53
  calicoctl profile web rule test inbound icmp type 8 from 203.0.113.7 --endpoint=host1/docker/app1/eth0`,
		ValidArgsFunction: completePacket,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.needName(cmd); err != nil {
				return err
			}
			if err := q.read(cmd, args, a.literal); err != nil {
				return err
			}
			return a.testPacket(cmd.Context(), q)
		},
	}
	cmd.Flags().StringVar(&q.endpoint, "endpoint", "", "ask all profiles of the endpoint with this `ID`")
	return cmd
}

// A question is what rule test is asked.
type question struct {
	direction rules.Direction
	packet    rules.PacketWords
	endpoint  string // --endpoint
}

// read takes the question from the command line.
func (q *question) read(cmd *cobra.Command, args []string, literal bool) (err error) {
	var words []string
	if q.direction, words, err = direction(cmd, args); err != nil {
		return err
	}
	if q.packet, err = rules.ParsePacket(words); err != nil {
		return err
	}
	local := *q.local()
	switch {
	case literal && q.packet.From.Container+q.packet.To.Container != "":
		return usagef("a container is looked up in Docker, which --literal says not to ask; give its address")
	case cmd.Flags().Changed("endpoint") && q.endpoint == "":
		return usagef("--endpoint: expected the ID of an endpoint; is a shell variable empty?")
	case q.endpoint != "" && (local.Container != "" || local.Endpoint != "" || len(local.Tags) > 0):
		return usagef("--endpoint says what stands behind %q; only ports and one of its addresses can stand there, too", q.localWord())
	}
	return nil
}

// local returns the end that is an endpoint of the profile.
func (q *question) local() *rules.EndWords {
	if q.direction == rules.Inbound {
		return &q.packet.To
	}
	return &q.packet.From
}

func (q *question) localWord() string {
	if q.direction == rules.Inbound {
		return "to"
	}
	return "from"
}

// tags returns the tags that are named.
func (q *question) tags() []string {
	return append(append([]string{}, q.packet.From.Tags...), q.packet.To.Tags...)
}

// completePacket completes the words of a packet, as far as they are known
// without asking anybody.
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

// The answers of rule test other than yes. They are no failures, and nothing is
// printed of them.
var (
	errDenied  = errors.New("the packet is denied")
	errDepends = errors.New("what happens to the packet depends")
)

func (a *app) testPacket(ctx context.Context, q *question) error {
	var f *finding
	err := a.inSession(ctx, func(ctx context.Context, s *session) (err error) {
		f, err = s.test(ctx, q)
		return err
	})
	if err != nil {
		return err
	}
	if err := a.out.Print(f.text(), f.view()); err != nil {
		return err
	}
	switch f.outcome() {
	case rules.Denied:
		return errDenied
	case rules.Depends:
		return errDepends
	}
	return nil
}

// A finding is the answer to a question with all that it says of it.
type finding struct {
	*question
	profile *store.Profile // the one that was named
	names   names.Shown
	sets    []evaluated // those that are asked, in their order
	verdict rules.Verdict
	local   *store.Carrier // the endpoint of --endpoint

	policies []string // that decide before the profiles, or may
}

// An evaluated is a profile that a packet comes to.
type evaluated struct {
	id      string
	profile *store.Profile // nil when there is none
	drops   string
}

// outcome returns what happens to the packet, all considered.
func (f *finding) outcome() rules.Outcome {
	if len(f.policies) > 0 {
		return rules.Depends
	}
	return f.verdict.Outcome
}

// test finds the answer. Docker is asked for containers while etcd answers.
func (s *session) test(ctx context.Context, q *question) (*finding, error) {
	if err := s.names.Need(q.tags()...); err != nil { // a tag that means another one is a wrong answer
		return nil, err
	}
	s.warnDocker()
	t, err := s.names.Target(s.app.profile)
	if err != nil {
		return nil, err
	}
	tags, err := s.names.Tags(q.tags(), false)
	if err != nil {
		return nil, err
	}
	containers := s.lookUpContainers(ctx, q)
	snap, err := s.store.Read(ctx, tags.Query(store.Query{
		Profiles: t.IDs(), Presence: s.names.Candidates(), V1: true, Policies: true,
	}))
	if err != nil {
		return nil, err
	}
	f, err := s.begin(ctx, q, t, snap)
	if err != nil {
		return nil, err
	}
	w := &packetWorld{session: s, finding: f, target: t, profiles: map[string]*store.Profile{f.profile.ID: f.profile}}
	if w.from.tags, err = tags.ResolveAll(snap, q.packet.From.Tags); err != nil {
		return nil, err
	}
	if w.to.tags, err = tags.ResolveAll(snap, q.packet.To.Tags); err != nil {
		return nil, err
	}
	if err := w.look(ctx, <-containers); err != nil {
		return nil, err
	}
	return f, w.evaluate(ctx, snap)
}

// begin finds the profile that was named, and reports what is odd about it.
func (s *session) begin(ctx context.Context, q *question, t names.Target, snap *store.Snapshot) (*finding, error) {
	p, pair, err := t.PreferName(snap)
	if err != nil {
		return nil, err
	}
	if pair != nil {
		s.app.warn("there is also a profile of the Docker network %s, %s; tested is the profile of that name",
			printable.Text(pair.Name), pair.ID)
	}
	if p.Layout == store.V1 {
		s.app.warn("profile %s is in the layout of calicoctl 0.x, which no Felix reads from this etcd", printable.Text(p.ID))
	}
	s.app.warnTrouble(p)
	names, err := s.names.ShownIn(ctx, s.store, snap, p)
	return &finding{question: q, profile: p, names: names}, err
}

// foundContainers are the containers of both ends, as far as they are named.
type foundContainers struct {
	from, to *resolve.Container
	err      error
}
