package rules_test

import (
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

func BenchmarkParseAndFormat(b *testing.B) {
	words := strings.Fields("allow tcp from tag applications to ports 3306")
	b.ReportAllocs()
	for b.Loop() {
		r, err := rules.ParseWords(words, rules.AsNew)
		if err != nil || len(rules.Format(r)) == 0 {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeV3(b *testing.B) {
	raw := []byte(`{"action":"Allow","protocol":"TCP","source":{"selector":"has(applications)"},"destination":{"ports":[3306]}}`)
	b.ReportAllocs()
	for b.Loop() {
		if s := rules.DecodeV3(raw); s.Rule.Beyond != "" {
			b.Fatal(s.Rule.Beyond)
		}
	}
}
