package rules_test

import (
	"errors"
	"fmt"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

func ExampleParseWords() {
	words := []string{"allow", "TCP", "from", "tag", "applications", "to", "10.1.2.3/8", "ports", "3306"}
	rule, err := rules.ParseWords(words, rules.AsNew)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rules.Format(rule))
	fmt.Println(rule.From.Tag.Name, rule.To.Ports, rule.To.Nets)
	// Output:
	// allow tcp from tag applications to ports 3306 cidr 10.0.0.0/8
	// applications [3306] [10.0.0.0/8]
}

func ExampleParseWords_error() {
	_, err := rules.ParseWords([]string{"allow", "tcp", "to", "port", "3306"}, rules.AsNew)
	var wrong *rules.ParseError
	if errors.As(err, &wrong) {
		fmt.Println(wrong.Excerpt(""))
		fmt.Println("word", wrong.Word, "should be", wrong.Suggestion)
	}
	// Output:
	// allow tcp to port 3306
	//              ^^^^
	// expected ports, tag, cidr, selector, not or an address after "to"; did you mean "ports"?
	// word 4 should be ports
}

// What another program has stored is read, whatever it is: criteria without
// words stand in brackets, and what Felix refuses is told.
func ExampleDecodeV3() {
	stored := rules.DecodeV3([]byte(`{"action":"Alow","protocol":"TCP","destination":{"ports":[80]},"http":{"methods":["GET"]}}`))
	fmt.Println(rules.Format(stored.Rule))
	fmt.Println(stored.Invalid())
	// Output:
	// tcp to ports 80 [action Alow http GET]
	// [action: "Alow" is not an action (allow, deny, log, pass); Felix panics on it]
}

// A tag is a label in v3; that of a Docker network's ID is too long for one.
func ExampleEncodeV3() {
	for _, line := range []string{
		"allow from tag web",
		`deny tcp from not tag web not selector "role == 'db'" to ports 22`,
		"allow from tag 3b1f0c2d4e5f60718293a4b5c6d7e8f90112233445566778899aabbccddeeff0",
	} {
		rule, err := rules.ParseLine(line, rules.AsNew)
		if err != nil {
			fmt.Println(err)
			return
		}
		stored, err := rules.EncodeV3(rule)
		fmt.Println(string(stored.JSON), err)
	}
	// Output:
	// {"action":"Allow","source":{"selector":"has(web)"}} <nil>
	// {"action":"Deny","protocol":"TCP","source":{"notSelector":"(role == 'db') || has(web)"},"destination":{"ports":[22]}} <nil>
	// {"action":"Allow","source":{"selector":"has(3b1f0c2d4e5f60718293a4b5c6d7e8f90112233445566778899aabbccddeeff0/tag)"}} <nil>
}

func ExampleEqual() {
	one, _ := rules.ParseLine("allow tcp to ports 80,443", rules.AsNew)
	other, _ := rules.ParseLine("allow tcp to ports 443,80,80", rules.AsStored)
	fmt.Println(rules.Equal(one, other))
	// Output: true
}

func ExampleSelector_Matches() {
	selector, err := rules.ParseSelector("role in {'db', 'cache'} && !has(old)")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(selector.Matches(map[string]string{"role": "db"}))
	fmt.Println(selector.Matches(map[string]string{"role": "db", "old": ""}))
	// Output:
	// true
	// false
}

func ExampleFormatListing() {
	allow := rules.Rule{Action: rules.Allow}
	fmt.Print(rules.FormatListing([]rules.Rule{{Action: rules.Log}, allow}, []rules.Rule{allow}))
	// Output:
	// Inbound rules:
	//    1 log
	//    2 allow
	// Outbound rules:
	//    1 allow
}
