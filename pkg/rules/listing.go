package rules

import (
	"fmt"
	"strconv"
	"strings"
)

// A Direction is one of the two lists of rules of a profile.
type Direction string

// The directions, as seen from an endpoint of the profile. v3 data calls them
// ingress and egress.
const (
	Inbound  Direction = "inbound"
	Outbound Direction = "outbound"
)

// Heading returns the line above the rules of this direction in a listing.
func (d Direction) Heading() string {
	if d == Inbound {
		return "Inbound rules:"
	}
	return "Outbound rules:"
}

// FormatListing returns the rules of a profile as people read them: both
// headings, and below each its rules with their positions. [ParseListing]
// reads it back.
func FormatListing(inbound, outbound []Rule) string {
	dst := make([]byte, 0, 64*(len(inbound)+len(outbound)+1))
	dst = appendList(dst, Inbound, inbound)
	return string(appendList(dst, Outbound, outbound))
}

func appendList(dst []byte, d Direction, list []Rule) []byte {
	dst = append(append(dst, d.Heading()...), '\n')
	for i, r := range list {
		number := strconv.Itoa(i + 1)
		for range 4 - len(number) {
			dst = append(dst, ' ')
		}
		dst = append(append(dst, number...), ' ')
		dst = append(appendFormat(dst, r), '\n')
	}
	return dst
}

// A ListingError says which line of a listing is wrong. Err is a *ParseError
// when the line is a rule.
type ListingError struct {
	Line int // from 1
	Err  error
}

// Error begins with the number of the line.
func (e *ListingError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns Err.
func (e *ListingError) Unwrap() error { return e.Err }

// A ListingKindError says that a text holds a file of profiles where the rules of one
// were expected, or the other way round.
type ListingKindError struct{ Profiles bool } // what the text holds

// Error says what was expected.
func (e *ListingKindError) Error() string {
	if e.Profiles {
		return "here stand the rules of one profile"
	}
	return fmt.Sprintf("expected %q above", profileHeading+"NAME:")
}

// ParseListing reads a listing. Both headings must be there, so that a file
// that was cut off is not taken for one with fewer rules. The order of the
// lines counts: positions may be missing and are not compared, so that lines
// can be moved. Blank lines and lines that begin with # are skipped, but lines
// "# revision N" and "# network NAME is ID" must be right. The error is a
// *ListingError.
func ParseListing(text string, mode Mode) (inbound, outbound []Rule, err error) {
	listing, err := ParseRevisedListing(text, mode)
	return listing.Inbound, listing.Outbound, err
}

type listingParser struct {
	mode              Mode
	current           Direction
	inbound, outbound []Rule
	headings          []Direction
}

func (p *listingParser) seen(d Direction) bool {
	for _, h := range p.headings {
		if h == d {
			return true
		}
	}
	return false
}

func (p *listingParser) line(text string) error {
	switch {
	case text == "" || text[0] == '#':
		return nil
	case text == Inbound.Heading():
		return p.heading(Inbound)
	case text == Outbound.Heading():
		return p.heading(Outbound)
	case p.current == "":
		return fmt.Errorf("expected %q or %q", Inbound.Heading(), Outbound.Heading())
	}
	list := &p.inbound
	if p.current == Outbound {
		list = &p.outbound
	}
	if len(*list) == MaxStored {
		return fmt.Errorf("more than %d %s rules, which no profile can hold", MaxStored, p.current)
	}
	rule, err := ParseLine(cutPosition(text), p.mode)
	if err == nil {
		*list = append(*list, rule)
	}
	return err
}

// end makes sure that both headings were there.
func (p *listingParser) end() error {
	for _, d := range []Direction{Inbound, Outbound} {
		if !p.seen(d) {
			return fmt.Errorf("the heading %q is missing", d.Heading())
		}
	}
	return nil
}

func (p *listingParser) heading(d Direction) error {
	if p.seen(d) {
		return fmt.Errorf("the heading %q is repeated", d.Heading())
	}
	p.current = d
	p.headings = append(p.headings, d)
	return nil
}

// cutPosition takes the number off a line.
func cutPosition(text string) string {
	return strings.TrimLeft(strings.TrimLeft(text, "0123456789"), " \t")
}
