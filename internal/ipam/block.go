package ipam

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/calicoctl/calicoctl/internal/rawjson"
)

// free marks an ordinal of Block.Allocations that is not allocated.
const free = -1

// maxBlockBits is the size of the largest block: 2^16 addresses.
const maxBlockBits = 16

// A Block is a range of addresses with the record of who has which of them.
// [DecodeBlock] and [NewBlock] make one. Addresses are counted from 0: an ordinal.
type Block struct {
	CIDR        netip.Prefix
	Affinity    string      // such as "host:h1"; empty is none
	ClaimTime   time.Time   // of the affinity; zero if it is not known
	Allocations []int       // by ordinal, an index of Attributes or free
	Unallocated []int       // ordinals, the next one to assign first
	Attributes  []Attribute // each is referred to by at least one allocation
	Sequence    uint64      // grows with every write
	SequenceOf  map[int]uint64

	document []byte    // as stored; empty in a new block
	claimed  time.Time // ClaimTime as stored
}

// An Attribute says for whom addresses of a block are allocated.
type Attribute struct {
	Handle     string            // empty if there is none
	Owner      map[string]string // "secondary" in the document
	ReleasedAt time.Time         // not zero: the address was released and cools down

	document []byte // as stored; empty in a new attribute
}

// blockDocument is what is read of a block. Pointers tell null from 0.
type blockDocument struct {
	CIDR        string            `json:"cidr"`
	Affinity    *string           `json:"affinity"`
	ClaimTime   *time.Time        `json:"affinity_claim_time"`
	Allocations []*int            `json:"allocations"`
	Unallocated []int             `json:"unallocated"`
	Attributes  []json.RawMessage `json:"attributes"`
	Sequence    uint64            `json:"sequenceNumber"`
	SequenceOf  map[string]uint64 `json:"sequenceNumberForAllocation"`
	Deleted     bool              `json:"deleted"`
}

type attributeDocument struct {
	Handle     *string           `json:"handle_id"`
	Owner      map[string]string `json:"secondary"`
	ReleasedAt *time.Time        `json:"releasedAt"`
}

// NewBlock returns an empty block with an affinity to a node.
func NewBlock(cidr netip.Prefix, node string, now time.Time) *Block {
	size := 1 << (cidr.Addr().BitLen() - cidr.Bits())
	b := &Block{
		CIDR: cidr.Masked(), Affinity: affinityTo(node), ClaimTime: now,
		Allocations: slices.Repeat([]int{free}, size),
		Unallocated: make([]int, size),
		Sequence:    uint64(now.UnixNano()), // a block that is made again must not repeat numbers
		SequenceOf:  map[int]uint64{},
	}
	for i := range b.Unallocated {
		b.Unallocated[i] = i
	}
	return b
}

// affinityTo returns the affinity of the blocks of a node.
func affinityTo(node string) string { return "host:" + node }

// DecodeBlock reads a stored block. The error says what is wrong in one that does
// not keep the rules of [Block.Check]; such a block is never written to.
func DecodeBlock(document []byte) (*Block, error) {
	if err := checkMembers(document, blockMembers()); err != nil {
		return nil, err
	}
	var d blockDocument
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, err
	}
	cidr, err := netip.ParsePrefix(d.CIDR)
	if err != nil {
		return nil, errors.New("cidr is not a prefix")
	}
	if d.Deleted {
		return nil, errors.New("the block is marked as deleted")
	}
	b := &Block{
		CIDR: cidr, Unallocated: d.Unallocated, Sequence: d.Sequence,
		SequenceOf: map[int]uint64{}, document: slices.Clone(document),
	}
	if d.Affinity != nil {
		b.Affinity = *d.Affinity
	}
	if d.ClaimTime != nil {
		b.ClaimTime, b.claimed = *d.ClaimTime, *d.ClaimTime
	}
	for _, index := range d.Allocations {
		if index == nil {
			b.Allocations = append(b.Allocations, free)
		} else {
			b.Allocations = append(b.Allocations, *index)
		}
	}
	for key, value := range d.SequenceOf {
		n, err := strconv.Atoi(key)
		if err != nil || strconv.Itoa(n) != key {
			return nil, fmt.Errorf("sequenceNumberForAllocation has the key %q", key)
		}
		b.SequenceOf[n] = value
	}
	if b.Attributes, err = decodeAttributes(d.Attributes); err != nil {
		return nil, err
	}
	return b, b.Check()
}

func decodeAttributes(documents []json.RawMessage) ([]Attribute, error) {
	var attributes []Attribute
	for _, document := range documents {
		var d attributeDocument
		if err := json.Unmarshal(document, &d); err != nil {
			return nil, err
		}
		a := Attribute{Owner: d.Owner, document: document}
		if d.Handle != nil {
			a.Handle = *d.Handle
		}
		if d.ReleasedAt != nil {
			a.ReleasedAt = *d.ReleasedAt
		}
		attributes = append(attributes, a)
	}
	return attributes, nil
}

// Encode returns the document to store. Its sequence number is one higher than
// that of the document that was read.
func (b *Block) Encode() ([]byte, error) {
	allocations := make([]*int, len(b.Allocations))
	for i := range b.Allocations {
		if b.Allocations[i] != free {
			allocations[i] = &b.Allocations[i]
		}
	}
	attributes := make([][]byte, len(b.Attributes))
	for i, a := range b.Attributes {
		document, err := a.encode()
		if err != nil {
			return nil, err
		}
		attributes[i] = document
	}
	sequences := map[string]uint64{}
	for n, value := range b.SequenceOf {
		sequences[strconv.Itoa(n)] = value
	}
	members := []member{
		{"cidr", b.CIDR.String()},
		{"affinity", nullable(b.Affinity)},
		{"allocations", allocations},
		{"unallocated", orEmpty(b.Unallocated)},
		{"attributes", json.RawMessage(rawjson.Join(attributes))},
		{"sequenceNumber", b.Sequence + 1},
		{"sequenceNumberForAllocation", sequences},
		{"deleted", false},
	}
	if len(b.document) == 0 || !b.ClaimTime.Equal(b.claimed) {
		members = append(members, member{"affinity_claim_time", nullableTime(b.ClaimTime)})
	}
	return setMembers(b.document, members)
}

// blockMembers returns the keys of a block that this package writes.
func blockMembers() []string {
	return []string{
		"cidr", "affinity", "affinity_claim_time", "allocations", "unallocated",
		"attributes", "sequenceNumber", "sequenceNumberForAllocation", "deleted",
	}
}

// checkMembers returns an error unless a document is an object in which each of
// the keys stands at most once, and in this spelling: in any other one it could
// not be told which value counts.
func checkMembers(document []byte, keys []string) error {
	if err := rawjson.Check(document); err != nil {
		return err
	}
	members, err := rawjson.Object(document)
	if err != nil {
		return err
	}
	for _, key := range keys {
		count := 0
		for _, m := range members {
			if !strings.EqualFold(m.Key, key) {
				continue
			}
			if count++; count > 1 || m.Key != key {
				return fmt.Errorf("the key %q is there twice or misspelled", m.Key)
			}
		}
	}
	return nil
}

func (a Attribute) encode() ([]byte, error) {
	if len(a.document) > 0 {
		return a.document, nil // attributes are made and dropped, never changed
	}
	if !a.ReleasedAt.IsZero() {
		return rawjson.Encode(map[string]any{"handle_id": nil, "secondary": nil, "releasedAt": a.ReleasedAt.UTC().Format(time.RFC3339)})
	}
	return rawjson.Encode(map[string]any{"handle_id": nullable(a.Handle), "secondary": a.Owner})
}

// A member is a key with its value in Go.
type member struct {
	key   string
	value any
}

// setMembers changes members of a document; all others keep their bytes. A value
// that says what stands there already changes nothing.
func setMembers(document []byte, members []member) ([]byte, error) {
	for _, m := range members {
		value, err := rawjson.Encode(m.value)
		if err != nil {
			return nil, err
		}
		old, err := rawjson.Object(orNull(document))
		if err != nil {
			return nil, err
		}
		if string(value) == "null" && len(rawjson.Get(old, m.key)) == 0 && len(document) > 0 {
			continue
		}
		if document, err = rawjson.Set(document, m.key, value); err != nil {
			return nil, err
		}
	}
	return document, nil
}

func orNull(document []byte) []byte {
	if len(document) == 0 {
		return []byte("null")
	}
	return document
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func nullableTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func orEmpty(list []int) []int {
	if list == nil {
		return []int{}
	}
	return list
}

// Clone returns a copy whose changes do not change b.
func (b *Block) Clone() *Block {
	c := *b
	c.Allocations, c.Unallocated = slices.Clone(b.Allocations), slices.Clone(b.Unallocated)
	c.Attributes, c.SequenceOf = slices.Clone(b.Attributes), maps.Clone(b.SequenceOf)
	return &c
}
