package rules_test

import (
	"net/netip"

	"github.com/google/go-cmp/cmp"
)

// compareNets lets cmp look at prefixes, whose fields are unexported.
var compareNets = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
