package verdict_test

import (
	"fmt"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

func ExampleFindUnreachable() {
	inbound, _, err := rules.ParseListing("Inbound rules:\nallow tcp to ports 1:1023\nallow tcp to ports 1024:65535\n"+
		"deny tcp from 10.0.0.0/8 to ports 22\nOutbound rules:\n", rules.AsNew)
	if err != nil {
		fmt.Println(err)
		return
	}
	var list []rules.Stored
	for _, rule := range inbound {
		list = append(list, rules.Stored{Rule: rule})
	}
	dead, _ := verdict.FindUnreachable(list)
	for _, d := range dead {
		fmt.Println(rules.Format(list[d.Index].Rule), "is dead because of", d.By)
	}
	// Output: deny tcp from cidr 10.0.0.0/8 to ports 22 is dead because of [0]
}

func ExampleEvaluate() {
	inbound, _, err := rules.ParseListing("Inbound rules:\n1 allow from tag databases\n2 allow tcp from tag web to ports 3306\nOutbound rules:\n", rules.AsNew)
	if err != nil {
		fmt.Println(err)
		return
	}
	var profile verdict.Ruleset
	for _, rule := range inbound {
		stored, err := rules.EncodeV3(rule)
		if err != nil {
			fmt.Println(err)
			return
		}
		profile.Rules = append(profile.Rules, stored)
	}
	packet := verdict.Packet{Protocol: "tcp", From: verdict.End{Labels: []map[string]string{verdict.TagLabels("web")}}}
	result := verdict.Evaluate([]verdict.Ruleset{profile}, packet, nil)
	fmt.Println(result.Verdict, result.Steps[1].Needs)
	packet.To.Port = 3306
	result = verdict.Evaluate([]verdict.Ruleset{profile}, packet, nil)
	fmt.Printf("%s by rule %d; rule 1: %s\n", result.Verdict, result.Steps[result.Decider].Rule+1, result.Steps[0].Why)
	// Output:
	// depends [the destination port]
	// allowed by rule 2; rule 1: the source does not have tag databases
}
