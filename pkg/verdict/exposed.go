package verdict

import (
	"math"
	"slices"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A Service is a port that something is known to listen on.
type Service struct {
	Protocol rules.Protocol // tcp or udp
	Port     int
}

// An Exposed rule opens services to everyone.
type Exposed struct {
	Index    int   // in the list, from 0
	Services []int // indexes of those that were asked about
	All      bool  // whether it opens all ports of both protocols
}

// FindExposed returns the inbound rules that open services to everyone: to
// addresses that no endpoint has, and to more than half of all addresses of an IP
// version, which the rules in front leave to it. It claims nothing of rules behind
// one that Felix refuses, and of unsupported fields.
func FindExposed(inbound []rules.Stored, services []Service) []Exposed {
	f := exposedFinder{compiler: newCompiler(NoEndpoint(), Labels{}), services: services}
	f.trail.budget = listBudget
	var found []Exposed
	for i, s := range inbound {
		if len(s.Invalid()) > 0 {
			break
		}
		regions := f.regions(s.Rule)
		if s.Rule.Action == rules.Allow && s.Rule.Unsupported == "" {
			if open := f.open(regions); len(open) > 0 {
				found = append(found, Exposed{Index: i, Services: open, All: len(open) == len(services) && s.Rule.Protocol == ""})
			}
		}
		if stops(s.Rule.Action) {
			for _, r := range regions {
				f.trail.steps = append(f.trail.steps, step{region: r, rule: i})
			}
		}
	}
	return found
}

type exposedFinder struct {
	compiler *compiler
	services []Service
	trail    trail
}

// regions returns what of a rule is about the services.
func (f *exposedFinder) regions(r rules.Rule) []region {
	protocols, ports := make([]span, 0, len(f.services)), make([]span, 0, len(f.services))
	for _, s := range f.services {
		protocols, ports = append(protocols, protocolSpan(s.Protocol)), append(ports, smallSpan(s.Port, s.Port))
	}
	var out []region
	for _, part := range f.compiler.regions(r) {
		part.sets[dimProtocol] = part.sets[dimProtocol].intersect(newSpans(protocols))
		part.sets[dimToPort] = part.sets[dimToPort].intersect(newSpans(ports))
		if len(part.sets[dimProtocol]) > 0 && len(part.sets[dimToPort]) > 0 {
			out = append(out, part)
		}
	}
	return out
}

// mergeAt is how many addresses are kept before those that overlap become one.
const mergeAt = 1000

// open returns the services that are left open by the steps so far.
func (f *exposedFinder) open(regions []region) []int {
	var open []int
	for _, r := range regions {
		senders := make([][]span, len(f.services))
		whole := f.trail.ends(r, 0, func(left region) bool {
			for i, s := range f.services {
				if !left.sets[dimProtocol].overlap(spans{protocolSpan(s.Protocol)}) || !left.sets[dimToPort].overlap(spans{smallSpan(s.Port, s.Port)}) {
					continue
				}
				if senders[i] = append(senders[i], left.sets[dimFromAddress]...); len(senders[i]) > mergeAt {
					senders[i] = newSpans(senders[i])
				}
			}
			return true
		})
		for i := range f.services {
			if whole && newSpans(senders[i]).share(r.ipv6) > 0.5 {
				open = append(open, i)
			}
		}
	}
	slices.Sort(open)
	return slices.Compact(open)
}

// share returns which part of all addresses of an IP version these are.
func (a spans) share(ipv6 bool) float64 {
	size := func(first, last point) float64 {
		return math.Ldexp(float64(last.hi)-float64(first.hi), 64) + float64(last.lo) - float64(first.lo) + 1
	}
	sum := 0.0
	for _, s := range a {
		sum += size(s.first, s.last)
	}
	return sum / size(point{}, highestAddress(ipv6))
}
