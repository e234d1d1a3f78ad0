package ipam

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stored is a small block with one address of another program, one that cools
// down, and fields that this program does not know, at each level.
const stored = `{"cidr":"10.233.64.128/30","affinity":"host:h1","affinity_claim_time":"2026-11-28T08:00:40.123456Z",` +
	`"allocations":[0,null,1,null],"unallocated":[3,1],` +
	`"attributes":[{"handle_id":"k8s-pod.x","secondary":{"pod":"a"},"alternate":{"b":1e3}},{"handle_id":null,"secondary":null,"releasedAt":"2026-11-28T08:01:00Z"}],` +
	`"sequenceNumber":18446744073709551614,"sequenceNumberForAllocation":{"0":7,"2":9},"deleted":false,"future":{"a":[1, 2.50]}}`

func decoded(t *testing.T, document string) *Block {
	t.Helper()
	b, err := DecodeBlock([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encoded(t *testing.T, b *Block) string {
	t.Helper()
	document, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

func TestBlockKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := decoded(t, stored)
	if err := b.Assign(netip.MustParseAddr("10.233.64.131"), "docker.h1.aa", map[string]string{"node": "h1"}); err != nil {
		t.Fatal(err)
	}
	want := `{"cidr":"10.233.64.128/30","affinity":"host:h1","affinity_claim_time":"2026-11-28T08:00:40.123456Z",` +
		`"allocations":[0,null,1,2],"unallocated":[1],` +
		`"attributes":[{"handle_id":"k8s-pod.x","secondary":{"pod":"a"},"alternate":{"b":1e3}},{"handle_id":null,"secondary":null,"releasedAt":"2026-11-28T08:01:00Z"},` +
		`{"handle_id":"docker.h1.aa","secondary":{"node":"h1"}}],` +
		`"sequenceNumber":18446744073709551615,"sequenceNumberForAllocation":{"0":7,"2":9,"3":18446744073709551614},"deleted":false,"future":{"a":[1, 2.50]}}`
	if diff := cmp.Diff(want, encoded(t, b)); diff != "" {
		t.Error(diff)
	}
}

func TestBlockCoolsDown(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 8, 2, 0, 0, time.UTC)
	b := decoded(t, stored)
	cooling := netip.MustParseAddr("10.233.64.130")
	if err := b.Assign(cooling, "x", nil); !errors.Is(err, errCooling) {
		t.Fatalf("got %v", err)
	}
	b.Sweep(now, time.Minute) // released exactly a minute ago: not yet over
	if !slices.Equal(b.Unallocated, []int{3, 1}) {
		t.Errorf("unallocated %v", b.Unallocated)
	}
	b.Release(netip.MustParseAddr("10.233.64.128"), now)
	b.Sweep(now.Add(time.Second), time.Minute)
	if !slices.Equal(b.Unallocated, []int{3, 1, 2}) || len(b.Attributes) != 1 || b.SequenceOf[2] != 0 {
		t.Errorf("unallocated %v, attributes %v, numbers %v", b.Unallocated, b.Attributes, b.SequenceOf)
	}
	if _, ok := b.Allocation(netip.MustParseAddr("10.233.64.128")); ok {
		t.Error("a released address counts as allocated")
	}
	b.Sweep(now, 0)
	if !b.Empty() {
		t.Errorf("not empty: %s", encoded(t, b))
	}
	if err := b.Check(); err != nil {
		t.Error(err)
	}
}

func TestNewBlock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 8, 0, 40, 0, time.UTC)
	b := NewBlock(netip.MustParsePrefix("fd80:24e2:f998:72d6::2b5:3b80/126"), "h1", now)
	addr, ok := b.Next(b.CIDR, []netip.Prefix{netip.MustParsePrefix("fd80:24e2:f998:72d6::2b5:3b80/127")})
	if !ok || addr.String() != "fd80:24e2:f998:72d6::2b5:3b82" {
		t.Fatalf("next is %v", addr)
	}
	if err := b.Assign(addr, "docker.h1.aa", map[string]string{"node": "h1", "type": "docker"}); err != nil {
		t.Fatal(err)
	}
	want := `{"cidr":"fd80:24e2:f998:72d6::2b5:3b80/126","affinity":"host:h1","allocations":[null,null,0,null],"unallocated":[0,1,3],` +
		`"attributes":[{"handle_id":"docker.h1.aa","secondary":{"node":"h1","type":"docker"}}],` +
		`"sequenceNumber":1795852840000000001,"sequenceNumberForAllocation":{"2":1795852840000000000},"deleted":false,"affinity_claim_time":"2026-11-28T08:00:40Z"}`
	if diff := cmp.Diff(want, encoded(t, b)); diff != "" {
		t.Error(diff)
	}
}

func TestMalformedBlocks(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ old, new, want string }{
		"no JSON":              {`"cidr"`, `cidr`, "not JSON"},
		"no prefix":            {`10.233.64.128/30`, `web`, "cidr is not a prefix"},
		"host bits":            {`10.233.64.128/30`, `10.233.64.129/30`, "is not a block"},
		"too large":            {`10.233.64.128/30`, `10.0.0.0/8`, "is not a block"},
		"too few":              {`[0,null,1,null]`, `[0,null,1]`, "has 3 entries"},
		"no such attribute":    {`[0,null,1,null]`, `[0,null,5,null]`, "attribute 5, which does not exist"},
		"negative":             {`[0,null,1,null]`, `[0,null,-1,null]`, "neither allocated nor unallocated"},
		"lost":                 {`[3,1]`, `[3]`, "ordinal 1 is neither"},
		"twice":                {`[3,1]`, `[3,1,1]`, "there twice"},
		"allocated and not":    {`[3,1]`, `[3,1,2]`, "ordinal 2, which is allocated"},
		"attribute of nobody":  {`[0,null,1,null]`, `[0,null,0,null]`, "attribute 1 belongs to no address"},
		"deleted":              {`"deleted":false`, `"deleted":true`, "marked as deleted"},
		"two values":           {`"deleted":false`, `"deleted":false,"cidr":"10.0.0.0/30"`, `"cidr" is there twice`},
		"another spelling":     {`"deleted":false`, `"Deleted":false`, `"Deleted" is there twice or misspelled`},
		"number of no address": {`"0":7`, `"x":7`, `the key "x"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := DecodeBlock([]byte(strings.Replace(stored, test.old, test.new, 1)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestHandle(t *testing.T) {
	t.Parallel()
	h, err := DecodeHandle([]byte(`{"block":{"10.233.64.128/26":1},"deleted":false,"future":1.0}`))
	if err != nil {
		t.Fatal(err)
	}
	h.Add(netip.MustParsePrefix("10.233.64.128/26"), 1)
	document, err := h.Encode()
	if want := `{"block":{"10.233.64.128/26":2},"deleted":false,"future":1.0}`; err != nil || string(document) != want {
		t.Errorf("got %s, %v", document, err)
	}
	h.Add(netip.MustParsePrefix("10.233.64.128/26"), -2)
	if !h.Empty() {
		t.Error("not empty")
	}
	for _, bad := range []string{`{`, `{"block":{"x":1}}`, `{"block":{"10.0.0.0/26":-1}}`, `{"block":{},"block":{}}`} {
		if _, err := DecodeHandle([]byte(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

// FuzzBlock assigns, releases and sweeps in any stored block: what was valid stays
// valid, and what is not known keeps every byte.
func FuzzBlock(f *testing.F) {
	f.Add([]byte(stored), []byte{1, 131, 0, 130, 2, 0, 1, 129})
	f.Add([]byte(`{"cidr":"fd00::/126","affinity":null,"allocations":[null,null,null,null],"unallocated":[0,1,2,3],"attributes":[],"x":"\u00e9"}`), []byte{1, 1, 1, 2, 0, 1})
	f.Fuzz(func(t *testing.T, document, steps []byte) {
		b, err := DecodeBlock(document)
		if err != nil {
			return
		}
		now := time.Unix(1_800_000_000, 0)
		for i := 0; i+1 < len(steps); i += 2 {
			addr := nth(b.CIDR, int(steps[i+1])%len(b.Allocations))
			_, allocated := b.Allocation(addr)
			switch now = now.Add(time.Second); steps[i] % 3 {
			case 0:
				if allocated {
					b.Release(addr, now)
				}
			case 1:
				if err := b.Assign(addr, "docker.h1.aa", map[string]string{"node": "h1"}); err == nil && allocated {
					t.Fatalf("%s was assigned twice", addr)
				}
			}
			b.Sweep(now, time.Duration(steps[i]%8)*time.Second)
			if err := b.Check(); err != nil {
				t.Fatal(err)
			}
		}
		out, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeBlock(out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !slices.Equal(again.Allocations, b.Allocations) || !slices.Equal(again.Unallocated, b.Unallocated) || again.Sequence != b.Sequence+1 {
			t.Fatalf("came back otherwise: %s", out)
		}
		var before, after map[string]json.RawMessage
		if json.Unmarshal(document, &before) != nil || json.Unmarshal(out, &after) != nil {
			t.Fatal("no objects")
		}
		for key, value := range before {
			if !slices.Contains(blockMembers(), key) && !bytes.Equal(value, after[key]) {
				t.Fatalf("%q was %s, is %s", key, value, after[key])
			}
		}
	})
}
