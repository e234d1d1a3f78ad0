package ipam

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// What an error of this package is about, for errors.Is.
var (
	// ErrNoPool: no IP pool is there for the request.
	ErrNoPool = errors.New("no IP pool")
	// ErrFull: the pools have no address left for this node.
	ErrFull = errors.New("no address left")
	// ErrInUse: the address that was asked for cannot be had.
	ErrInUse = errors.New("address not available")
	// ErrMalformed: a stored document cannot be read, so it is not changed.
	ErrMalformed = errors.New("malformed document")
)

// A PoolError says that no IP pool can be used for a request. It is ErrNoPool.
type PoolError struct {
	Version  int
	Subnet   netip.Prefix // not valid: none was asked for
	Unusable []string     // pools, each with the reason
	Bad      []error      // documents that cannot be read
}

// Error says which pools there are, and which command makes one.
func (e *PoolError) Error() string {
	text := fmt.Sprintf("Calico has no IPv%d pool", e.Version)
	example := "10.233.64.0/18"
	if e.Version == 6 {
		example = "fd80:24e2:f998:72d6::/64"
	}
	if e.Subnet.IsValid() && e.Subnet.Bits() > 0 {
		text = fmt.Sprintf("no Calico IP pool holds the subnet %s", e.Subnet)
		example = e.Subnet.String()
	}
	if len(e.Unusable) > 0 {
		text += " that can be used: " + strings.Join(e.Unusable, "; ")
	} else {
		text += `; make one with "calico-docker init --pool ` + example + `"`
	}
	for _, bad := range e.Bad {
		text += "; " + bad.Error() + " cannot be read"
	}
	return text
}

// Unwrap returns ErrNoPool.
func (e *PoolError) Unwrap() error { return ErrNoPool }

// A FullError says that no address is left. It is ErrFull.
type FullError struct {
	Node  string
	Full  []string // a pool each, with the reason
	Limit int      // not 0: the node may have no more blocks than this
}

// Error names the pools that are full.
func (e *FullError) Error() string {
	text := "no address is left for node " + e.Node + " in the IP pools: " + strings.Join(e.Full, "; ")
	if e.Limit > 0 {
		text += fmt.Sprintf("; the node has %d blocks and may not claim more (maxBlocksPerHost)", e.Limit)
	}
	return text
}

// Unwrap returns ErrFull.
func (e *FullError) Unwrap() error { return ErrFull }

// An AddressError says why the address that was asked for cannot be had. It is
// ErrInUse.
type AddressError struct {
	Addr   netip.Addr
	Reason string
}

// Error names the address and the reason.
func (e *AddressError) Error() string {
	return fmt.Sprintf("the address %s cannot be assigned: %s", e.Addr, e.Reason)
}

// Unwrap returns ErrInUse.
func (e *AddressError) Unwrap() error { return ErrInUse }

func malformed(key string, cause error) error {
	return fmt.Errorf("%w: key %s: %w", ErrMalformed, key, cause)
}
