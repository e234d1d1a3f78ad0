package torture

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A State is what a profile says: two lists of rules, each rule as its bytes
// are stored, tags in order, and everything else, which no operation changes.
// States come from a Book, and equal ones of a book are the same pointer.
type State struct {
	Lists [2][]string
	Tags  []string
	Frame string
}

func (s *State) String() string {
	if s == nil {
		return "nothing"
	}
	var b strings.Builder
	for i, name := range []string{"inbound", "outbound"} {
		fmt.Fprintf(&b, "%s:\n", name)
		for at, rule := range s.Lists[i] {
			fmt.Fprintf(&b, "  %2d %s\n", at+1, rule)
		}
	}
	return b.String() + "tags: " + strings.Join(s.Tags, " ")
}

// A Book reads stored documents, and knows which states and rules are equal. It
// uses nothing of what it is there to check.
type Book struct {
	mu     sync.Mutex
	states map[[sha256.Size]byte]*State
	forms  map[string]string // of rules: stored bytes to what is equal of equal ones
}

// NewBook returns an empty book.
func NewBook() *Book {
	return &Book{states: map[[sha256.Size]byte]*State{}, forms: map[string]string{}}
}

// Decode reads the stored document of a profile.
func (b *Book) Decode(document []byte) (*State, error) {
	var top, spec map[string]json.RawMessage
	if err := json.Unmarshal(document, &top); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(top["spec"], &spec); err != nil {
		return nil, fmt.Errorf("spec: %w", err)
	}
	var s State
	for i, field := range []string{"ingress", "egress"} {
		var list []json.RawMessage
		if err := unmarshal(spec[field], &list); err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
		for _, rule := range list {
			s.Lists[i] = append(s.Lists[i], string(rule))
		}
		delete(spec, field)
	}
	var labels map[string]string
	if err := unmarshal(spec["labelsToApply"], &labels); err != nil {
		return nil, fmt.Errorf("labelsToApply: %w", err)
	}
	for name, value := range labels {
		if value == "" {
			s.Tags = append(s.Tags, name)
			delete(labels, name)
		}
	}
	delete(top, "spec")
	delete(spec, "labelsToApply")
	frame, err := json.Marshal([]any{top, spec, labels}) // in the order of the keys
	if err != nil {
		return nil, err
	}
	s.Frame = string(frame)
	return b.state(s), nil
}

// unmarshal takes what is not there for empty.
func unmarshal(value json.RawMessage, into any) error {
	if value == nil {
		return nil
	}
	return json.Unmarshal(value, into)
}

// state returns the one state of the book that says the same.
func (b *Book) state(s State) *State {
	slices.Sort(s.Tags)
	key := s.sum()
	b.mu.Lock()
	defer b.mu.Unlock()
	if known := b.states[key]; known != nil {
		return known
	}
	b.states[key] = &s
	return &s
}

// sum returns what no other state has. JSON holds no control characters.
func (s *State) sum() [sha256.Size]byte {
	var text []byte
	for _, list := range [][]string{s.Lists[0], s.Lists[1], s.Tags, {s.Frame}} {
		for _, item := range list {
			text = append(append(text, item...), 0)
		}
		text = append(text, 1)
	}
	return sha256.Sum256(text)
}

// equal reports whether two stored rules are the same rule.
func (b *Book) equal(one, other string) bool { return one == other || b.form(one) == b.form(other) }

// form returns the same text for all rules that are equal: the keys of objects
// and what is in lists, which all are sets, in order.
func (b *Book) form(rule string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if form, known := b.forms[rule]; known {
		return form
	}
	var value any
	form := rule // of what is no JSON
	if json.Unmarshal([]byte(rule), &value) == nil {
		sortSets(value)
		if text, err := json.Marshal(value); err == nil {
			form = string(text)
		}
	}
	b.forms[rule] = form
	return form
}

func sortSets(value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, member := range v {
			sortSets(member)
		}
	case []any:
		slices.SortFunc(v, func(x, y any) int { return strings.Compare(fmt.Sprint(x), fmt.Sprint(y)) })
	}
}
