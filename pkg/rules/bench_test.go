package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// The rule of the walkthrough, in words and in both layouts.
const (
	benchWords = "allow tcp from tag applications to ports 3306"
	benchV3    = `{"action":"Allow","protocol":"TCP","source":{"selector":"has(applications)"},"destination":{"ports":[3306]}}`
	benchV1    = `{"action":"allow","protocol":"tcp","src_tag":"applications","dst_ports":[3306]}`
)

// benchRules is how many rules a large profile has.
const benchRules = 1000

func BenchmarkParseAndFormat(b *testing.B) {
	words := strings.Fields(benchWords)
	b.ReportAllocs()
	for b.Loop() {
		r, err := rules.ParseWords(words, rules.AsNew)
		if err != nil || len(rules.Format(r)) != len(benchWords) {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	words := strings.Fields(benchWords)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rules.ParseWords(words, rules.AsNew); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	r := benchRule(b, benchWords)
	b.ReportAllocs()
	for b.Loop() {
		if len(rules.Format(r)) != len(benchWords) {
			b.Fatal(rules.Format(r))
		}
	}
}

func benchRule(b *testing.B, words string) rules.Rule {
	b.Helper()
	r, err := rules.ParseLine(words, rules.AsNew)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func BenchmarkDecodeRule(b *testing.B) {
	for _, layout := range []struct {
		name, json string
		decode     func([]byte) rules.Stored
	}{{"v1", benchV1, rules.DecodeV1}, {"v3", benchV3, rules.DecodeV3}} {
		b.Run(layout.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if s := layout.decode([]byte(layout.json)); s.Rule.Unsupported != "" || len(s.Problems) > 0 {
					b.Fatal(s)
				}
			}
		})
	}
}

func BenchmarkEncodeRule(b *testing.B) {
	r := benchRule(b, benchWords)
	for _, layout := range []struct {
		name   string
		encode func(rules.Rule) (rules.Stored, error)
	}{{"v1", rules.EncodeV1}, {"v3", rules.EncodeV3}} {
		b.Run(layout.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := layout.encode(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// manyRules are rules as they are in use, all different.
func manyRules(b *testing.B) []rules.Rule {
	b.Helper()
	list := make([]rules.Rule, benchRules)
	for i := range list {
		list[i] = benchRule(b, [...]string{
			fmt.Sprintf("allow tcp from tag applications-%d to ports 3306", i),
			fmt.Sprintf("allow udp from cidr 10.%d.%d.0/24 to ports 53,%d", i>>8, i&255, 5000+i),
			fmt.Sprintf("deny tcp from selector \"env == 'test' && team in {'a', 'b%d'}\" to ports 8000:8080", i),
			fmt.Sprintf("allow from tag team-%d", i),
		}[i%4])
	}
	return list
}

// BenchmarkRules1000V1 reads a rules document, adds a rule and writes it.
func BenchmarkRules1000V1(b *testing.B) {
	document, err := rules.FormatDocumentV1(manyRules(b), nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	added := benchRule(b, benchWords)
	b.ReportAllocs()
	for b.Loop() {
		inbound, outbound, err := rules.ParseDocumentV1(document)
		if err != nil {
			b.Fatal(err)
		}
		if _, err = rules.FormatDocumentV1(append(inbound, added), outbound, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkListing1000 prints what "rule show" does, and reads it.
func BenchmarkListing1000(b *testing.B) {
	list := manyRules(b)
	text := rules.FormatListing(list, nil)
	b.Run("format", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if len(rules.FormatListing(list, nil)) != len(text) {
				b.Fatal("another listing")
			}
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if inbound, _, err := rules.ParseListing(text, rules.AsNew); err != nil || len(inbound) != benchRules {
				b.Fatal(len(inbound), err)
			}
		}
	})
}
