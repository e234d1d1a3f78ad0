package ipam

import (
	"encoding/json"
	"errors"
	"net/netip"
)

// A Handle counts the addresses that one owner has in each block. [DecodeHandle]
// reads one; the zero value is one without addresses.
type Handle struct {
	Blocks map[netip.Prefix]int

	document []byte // as stored
}

// DecodeHandle reads a stored handle.
func DecodeHandle(document []byte) (Handle, error) {
	if err := checkMembers(document, []string{"block", "deleted"}); err != nil {
		return Handle{}, err
	}
	var d struct {
		Block map[string]int `json:"block"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return Handle{}, err
	}
	h := Handle{Blocks: map[netip.Prefix]int{}, document: document}
	for text, count := range d.Block {
		cidr, err := netip.ParsePrefix(text)
		if err != nil || count < 0 {
			return Handle{}, errors.New("block has an entry that is not a prefix with a count")
		}
		h.Blocks[cidr] = count
	}
	return h, nil
}

// Add changes the count of a block, which never gets below 0.
func (h *Handle) Add(block netip.Prefix, change int) {
	if h.Blocks == nil {
		h.Blocks = map[netip.Prefix]int{}
	}
	if h.Blocks[block] += change; h.Blocks[block] <= 0 {
		delete(h.Blocks, block)
	}
}

// Empty reports whether no address is left.
func (h *Handle) Empty() bool { return len(h.Blocks) == 0 }

// Encode returns the document to store.
func (h *Handle) Encode() ([]byte, error) {
	counts := map[string]int{}
	for block, count := range h.Blocks {
		counts[block.String()] = count
	}
	return setMembers(h.document, []member{{"block", counts}, {"deleted", false}})
}
