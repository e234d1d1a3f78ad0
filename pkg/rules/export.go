package rules

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// A ProfileListing is a profile in a file that [FormatProfile] or a person
// wrote.
type ProfileListing struct {
	Name     string // as it is written
	Revision int64  // from the line "# revision N"; 0 without one
	Tags     []string
	HasTags  bool // whether there was a line of tags, which may be an empty one
	Inbound  []Rule
	Outbound []Rule
	Networks map[string]string // the IDs that names stand for, from lines "# network NAME is ID"
	Line     int               // at which it begins, from 1; 0 for a listing without a line "Profile NAME:"
}

const (
	profileHeading  = "Profile "
	tagsHeading     = "Tags:"
	revisionComment = "# revision "
	networkComment  = "# network "

	byteOrderMark = "\ufeff" // which some editors write before a text
)

// FormatProfile returns a profile as a file holds it: its name, the revision as a
// comment, the networks that are named in it, likewise, its tags, and its rules as
// [FormatListing] writes them. [ParseProfiles] reads one or more of them back.
func FormatProfile(l ProfileListing) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s%s:\n", profileHeading, quoteName(l.Name))
	if l.Revision > 0 {
		fmt.Fprintf(&out, "%s%d\n", revisionComment, l.Revision)
	}
	for _, name := range slices.Sorted(maps.Keys(l.Networks)) {
		fmt.Fprintf(&out, "%s%s is %s\n", networkComment, name, l.Networks[name])
	}
	out.WriteString(strings.TrimSpace(tagsHeading+" "+strings.Join(l.Tags, ", ")) + "\n")
	out.WriteString(FormatListing(l.Inbound, l.Outbound))
	return out.String()
}

// quoteName returns the name of a profile as it is, or between double quotes.
func quoteName(name string) string {
	if IsName(name) {
		return name
	}
	return strconv.QuoteToASCII(name)
}

// unquoteName is the inverse of quoteName.
func unquoteName(text string) (string, error) {
	if !strings.HasPrefix(text, `"`) {
		if !IsName(text) {
			return "", fmt.Errorf("%q is no name (letters, digits, ., _ and -; any other stands in double quotes)", text)
		}
		return text, nil
	}
	name, err := strconv.Unquote(text)
	if err != nil {
		return "", fmt.Errorf("the quotes of %s are wrong", printable.Text(text))
	}
	return name, nil
}

// ParseProfiles reads a file of profiles. In each, both headings of rules must be
// there, as [ParseListing] says; the lines of revision, networks and tags may be
// missing.
// The error is a *ListingError.
func ParseProfiles(text string, mode Mode) ([]ProfileListing, error) {
	var all []ProfileListing
	p := fileParser{mode: mode, done: func(l ProfileListing) { all = append(all, l) }}
	if err := p.read(text, true); err != nil {
		return nil, err
	}
	return all, nil
}

// ParseRevisedListing is [ParseListing] for a listing that may also hold a line
// "# revision N" and lines "# network NAME is ID".
func ParseRevisedListing(text string, mode Mode) (ProfileListing, error) {
	var only ProfileListing
	p := fileParser{mode: mode, done: func(l ProfileListing) { only = l }}
	err := p.read(text, false)
	return only, err
}

// A fileParser reads one line after the other.
type fileParser struct {
	mode    Mode
	current *ProfileListing // nil before the first
	rules   listingParser
	done    func(ProfileListing)
}

// read reads a whole text. Without named, it is one listing, and a line
// "Profile NAME:" is an error.
func (p *fileParser) read(text string, named bool) error {
	number := 0
	if !named {
		p.begin("", 0)
	}
	for raw := range strings.SplitSeq(strings.TrimPrefix(text, byteOrderMark), "\n") {
		number++
		if err := p.line(strings.TrimSpace(raw), number, named); err != nil {
			return &ListingError{Line: number, Err: err}
		}
	}
	if strings.HasSuffix(text, "\n") {
		number-- // what follows the last newline is no line
	}
	if err := p.end(); err != nil {
		return &ListingError{Line: max(number, 1), Err: err}
	}
	return nil
}

func (p *fileParser) line(text string, number int, named bool) error {
	name, isProfile := strings.CutPrefix(text, profileHeading)
	tags, isTags := strings.CutPrefix(text, tagsHeading)
	revision, isRevision := strings.CutPrefix(text, revisionComment)
	network, isNetwork := strings.CutPrefix(text, networkComment)
	switch {
	case isProfile && !named:
		return &ListingKindError{Profiles: true}
	case isProfile:
		name, err := unquoteName(strings.TrimSpace(strings.TrimSuffix(name, ":")))
		if err == nil {
			err = p.end()
		}
		p.begin(name, number)
		return err
	case isRevision && p.current != nil:
		return p.revision(revision)
	case isNetwork && p.current != nil:
		return p.network(network)
	case text == "" || text[0] == '#':
		return nil
	case p.current == nil && (text == Inbound.Heading() || text == Outbound.Heading()):
		return &ListingKindError{}
	case p.current == nil:
		return fmt.Errorf("expected %q", profileHeading+"NAME:")
	case isTags && named && p.rules.current == "":
		return p.tags(tags)
	}
	return p.rules.line(text)
}

func (p *fileParser) begin(name string, number int) {
	p.current = &ProfileListing{Name: name, Line: number}
	p.rules = listingParser{mode: p.mode}
}

// end makes sure that what was read last is whole.
func (p *fileParser) end() error {
	if p.current == nil {
		return nil
	}
	if err := p.rules.end(); err != nil {
		return err
	}
	p.current.Inbound, p.current.Outbound = p.rules.inbound, p.rules.outbound
	p.done(*p.current)
	p.current = nil
	return nil
}

func (p *fileParser) revision(text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n < 1:
		return fmt.Errorf("expected a number after %q, got %q", revisionComment, text)
	case p.current.Revision != 0 && p.current.Revision != n:
		return fmt.Errorf("here stands revision %d, and above %d", n, p.current.Revision)
	}
	p.current.Revision = n
	return nil
}

// network reads a comment that says which network a name means. A comment that begins
// likewise, and does not go on with a name and "is", is any comment.
func (p *fileParser) network(text string) error {
	words := strings.Fields(text)
	if len(words) < 2 || words[1] != "is" {
		return nil
	}
	if len(words) != 3 || !IsName(words[0]) || !isNetworkID(words[2]) {
		return fmt.Errorf("expected %q, where ID is a full one, got %q", networkComment+"NAME is ID", networkComment+text)
	}
	name, id := words[0], words[2]
	if other, twice := p.current.Networks[name]; twice && other != id {
		return fmt.Errorf("here network %s is %s, and above %s", name, id, other)
	}
	if p.current.Networks == nil {
		p.current.Networks = map[string]string{}
	}
	p.current.Networks[name] = id
	return nil
}

// isNetworkID reports whether a text has the form of a Docker network's full ID:
// 64 hexadecimal digits or, in a swarm, 25 letters and digits.
func isNetworkID(word string) bool {
	last := byte('f')
	if len(word) == 25 {
		last = 'z'
	}
	for i := range len(word) {
		if c := word[i]; (c < '0' || c > '9') && (c < 'a' || c > last) {
			return false
		}
	}
	return len(word) == 64 || len(word) == 25
}

func (p *fileParser) tags(text string) error {
	if p.current.HasTags {
		return fmt.Errorf("the heading %q is repeated", tagsHeading)
	}
	p.current.HasTags = true
	if strings.TrimSpace(text) == "" {
		return nil
	}
	for item := range strings.SplitSeq(text, ",") {
		tag := strings.TrimSpace(item)
		if !IsName(tag) {
			return fmt.Errorf("%q is not the name of a tag (letters, digits, ., _ and -); a comma stands between two", tag)
		}
		p.current.Tags = append(p.current.Tags, tag)
	}
	return nil
}
