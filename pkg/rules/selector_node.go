package rules

import (
	"slices"
	"strings"
)

// How tightly a node binds: text adds parentheses where the place needs more.
const (
	precOr = iota
	precAnd
	precFactor
)

// A node is a part of a parsed selector.
type node interface {
	matches(labels map[string]string) bool
	text(prec int) string
}

type (
	orNode     []node
	andNode    []node
	notNode    struct{ operand node }
	hasNode    string
	allNode    struct{}
	globalNode struct{}

	compareNode struct {
		label string
		op    tokenKind
		value string
	}
	inNode struct {
		label   string
		values  []string // sorted, each once
		negated bool
	}
)

func (n orNode) matches(labels map[string]string) bool {
	return slices.ContainsFunc(n, func(o node) bool { return o.matches(labels) })
}

func (n andNode) matches(labels map[string]string) bool {
	return !slices.ContainsFunc(n, func(o node) bool { return !o.matches(labels) })
}

func (n notNode) matches(labels map[string]string) bool { return !n.operand.matches(labels) }

func (n hasNode) matches(labels map[string]string) bool {
	_, found := labels[string(n)]
	return found
}

func (allNode) matches(map[string]string) bool { return true }

// Upstream's evaluator says that global() is true of any labels; it only
// differs from all() in a namespaceSelector.
func (globalNode) matches(map[string]string) bool { return true }

func (n compareNode) matches(labels map[string]string) bool {
	value, found := labels[n.label]
	switch n.op {
	case tokEqual:
		return found && value == n.value
	case tokNotEqual:
		return !found || value != n.value
	case tokContains:
		return found && strings.Contains(value, n.value)
	case tokStartsWith:
		return found && strings.HasPrefix(value, n.value)
	}
	return found && strings.HasSuffix(value, n.value)
}

func (n inNode) matches(labels map[string]string) bool {
	value, found := labels[n.label]
	_, in := slices.BinarySearch(n.values, value)
	return (found && in) != n.negated
}

func (n orNode) text(prec int) string  { return joinNodes(n, " || ", precOr, prec) }
func (n andNode) text(prec int) string { return joinNodes(n, " && ", precAnd, prec) }
func (n notNode) text(int) string      { return "!" + n.operand.text(precFactor) }
func (n hasNode) text(int) string      { return "has(" + string(n) + ")" }
func (allNode) text(int) string        { return "all()" }
func (globalNode) text(int) string     { return "global()" }

func joinNodes(nodes []node, operator string, own, outer int) string {
	texts := make([]string, len(nodes))
	for i, n := range nodes {
		texts[i] = n.text(own + 1)
	}
	joined := strings.Join(texts, operator)
	if outer > own {
		return "(" + joined + ")"
	}
	return joined
}

func (n compareNode) text(int) string {
	op := map[tokenKind]string{
		tokEqual: "==", tokNotEqual: "!=", tokContains: "contains",
		tokStartsWith: "starts with", tokEndsWith: "ends with",
	}[n.op]
	return n.label + " " + op + " " + quoteLiteral(n.value)
}

func (n inNode) text(int) string {
	quoted := make([]string, len(n.values))
	for i, v := range n.values {
		quoted[i] = quoteLiteral(v)
	}
	op := " in {"
	if n.negated {
		op = " not in {"
	}
	return n.label + op + strings.Join(quoted, ", ") + "}"
}

// quoteLiteral quotes a string of a selector. There are no escapes: a string
// holds at most one of the two quotes, because it was read from the other.
func quoteLiteral(s string) string {
	if strings.Contains(s, "'") {
		return `"` + s + `"`
	}
	return "'" + s + "'"
}
