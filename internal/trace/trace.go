// Package trace says what happens to a packet at an endpoint of a profile, and why: which
// rule decides, and why each rule before that one does not match.
//
// It reads nothing. The caller gathers Facts (a Finder picks the endpoints out of all that
// there are), Evaluate makes a Trace of them, and a Trace is shown as text or as a View.
package trace

import (
	"net/netip"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// A Question is about a packet and a profile.
type Question struct {
	Direction rules.Direction
	Packet    rules.PacketWords

	// Endpoint is the name of an endpoint all of whose profiles and policies count. Empty
	// is any endpoint that has just the one profile.
	Endpoint string
}

// Local returns the side of the packet that is an endpoint of the profile.
func (q *Question) Local() *rules.EndWords {
	if q.Direction == rules.Inbound {
		return &q.Packet.To
	}
	return &q.Packet.From
}

// LocalKeyword returns the keyword of that side.
func (q *Question) LocalKeyword() string {
	if q.Direction == rules.Inbound {
		return "to"
	}
	return "from"
}

// Tags returns the tags of both sides, as they were entered.
func (q *Question) Tags() []string {
	return append(append([]string{}, q.Packet.From.Tags...), q.Packet.To.Tags...)
}

// Facts are what was gathered to answer a question.
type Facts struct {
	Question    Question
	Profile     *profile.Profile // the one that was named
	Source      Side
	Destination Side

	// Profiles holds that profile and all profiles of the endpoints of both sides, by ID. A
	// profile that does not exist is nil or absent.
	Profiles  map[string]*profile.Profile
	Malformed map[string]bool // IDs of profiles that cannot be read

	// Policies are all policies. They count only if the question names an endpoint.
	Policies []resource.Policy

	Name func(id string) string // how the ID of a profile or a tag is shown
}

// A Side is the source or the destination of the packet.
type Side struct {
	Words     rules.EndWords           // as it was entered
	Tags      []string                 // those of Words, as they are stored
	Container *resolve.Container       // nil when none was named
	Addrs     []netip.Addr             // that it may have; none is any
	Endpoints []resource.EndpointOrSet // the endpoints and network sets that have one of the addresses
	Named     *resource.EndpointOrSet  // the endpoint that was named
}

// Sides returns the side of the profile, and the other one.
func (f *Facts) Sides() (local, remote *Side) {
	if f.Question.Direction == rules.Inbound {
		return &f.Destination, &f.Source
	}
	return &f.Source, &f.Destination
}

// lookedUp reports whether the tags are those of the endpoint that has the address.
func (s *Side) lookedUp() bool {
	return len(s.Words.Tags) == 0 && (len(s.Addrs) > 0 || s.Words.Endpoint != "")
}

// profilesOf returns the profiles of an endpoint that can be read.
func (f *Facts) profilesOf(e resource.EndpointOrSet) (list []*profile.Profile) {
	for _, id := range e.Profiles {
		if p := f.Profiles[id]; p != nil {
			list = append(list, p)
		}
	}
	return list
}

// A Trace is the answer to a question.
type Trace struct {
	Verdict  verdict.Result          // of the profiles
	Endpoint *resource.EndpointOrSet // the endpoint that the question names; nil when it names none
	Policies []string                // that decide before the profiles, or may
	Warnings []string                // what the answer does not consider

	facts    Facts
	profiles []filledProfile
}

// A profile is one that the packet comes to.
type filledProfile struct {
	id     string
	stored *profile.Profile // nil when there is none
	drops  string           // why it drops everything
}

// Outcome returns what happens to the packet, with policies.
func (t *Trace) Outcome() verdict.Verdict {
	if len(t.Policies) > 0 {
		return verdict.Depends
	}
	return t.Verdict.Verdict
}
