package ipam

import (
	"net/netip"
	"strings"
	"testing"
)

func TestPools(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spec   string
		labels map[string]string
		asked  bool
		want   string // why it is unusable
	}{
		"plain":            {spec: `"cidr":"10.0.0.0/16"`},
		"disabled":         {spec: `"cidr":"10.0.0.0/16","disabled":true`, want: "it is disabled"},
		"tunnels":          {spec: `"cidr":"10.0.0.0/16","allowedUses":["Tunnel"]`, want: "allowedUses"},
		"workloads":        {spec: `"cidr":"10.0.0.0/16","allowedUses":["Tunnel","Workload"]`},
		"manual":           {spec: `"cidr":"10.0.0.0/16","assignmentMode":"Manual"`, want: "Manual"},
		"manual, asked":    {spec: `"cidr":"10.0.0.0/16","assignmentMode":"Manual"`, asked: true},
		"all nodes":        {spec: `"cidr":"10.0.0.0/16","nodeSelector":"all()"`},
		"other nodes":      {spec: `"cidr":"10.0.0.0/16","nodeSelector":"rack == 'a'"`, want: "does not select this node"},
		"these nodes":      {spec: `"cidr":"10.0.0.0/16","nodeSelector":"rack == 'a'"`, labels: map[string]string{"rack": "a"}},
		"wrong selector":   {spec: `"cidr":"10.0.0.0/16","nodeSelector":"rack ="`, want: "does not select this node"},
		"of a namespace":   {spec: `"cidr":"10.0.0.0/16","namespaceSelector":"has(team)"`, want: "Kubernetes"},
		"of no namespace":  {spec: `"cidr":"10.0.0.0/16","namespaceSelector":"all()"`},
		"IPv6, small size": {spec: `"cidr":"fd00::/64","blockSize":116`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := DecodePool([]byte(`{"metadata":{"name":"p"},"spec":{` + test.spec + `}}`))
			if err != nil {
				t.Fatal(err)
			}
			why := p.Unusable(test.labels, test.asked)
			if (why == "") != (test.want == "") || !strings.Contains(why, test.want) {
				t.Errorf("got %q, want %q", why, test.want)
			}
		})
	}
	for _, bad := range []string{`{`, `{"spec":{"cidr":"x"}}`, `{"spec":{"cidr":"10.0.0.0/16","blockSize":8}}`, `{"spec":{"cidr":"fd00::/64","blockSize":64}}`} {
		if _, err := DecodePool([]byte(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
	deleted, err := DecodePool([]byte(`{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"cidr":"10.0.0.0/16"}}`))
	if err != nil || !deleted.Disabled {
		t.Errorf("a pool that is being removed: %v, %v", deleted, err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	tests := map[string]Settings{
		"":                              {ClaimBlocks: true, MaxBlocks: 20},
		`{}`:                            {MaxBlocks: 20},
		`{"auto_allocate_blocks":true}`: {ClaimBlocks: true, MaxBlocks: 20},
		`{"strict_affinity":true,"maxBlocksPerHost":4,"ipCooldownSeconds":30}`: {StrictAffinity: true, MaxBlocks: 4, CooldownSecs: 30},
	}
	for document, want := range tests {
		var stored []byte
		if document != "" {
			stored = []byte(document)
		}
		if got, err := DecodeSettings(stored); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", document, got, err)
		}
	}
	if _, err := DecodeSettings([]byte(`[]`)); err == nil {
		t.Error("no error")
	}
}

func TestReservations(t *testing.T) {
	t.Parallel()
	got, err := decodeReservation([]byte(`{"spec":{"reservedCIDRs":["10.0.0.0/30","10.1.0.1"]}}`))
	if err != nil || len(got) != 2 || got[1] != netip.MustParsePrefix("10.1.0.1/32") {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := decodeReservation([]byte(`{"spec":{"reservedCIDRs":["x"]}}`)); err == nil {
		t.Error("no error")
	}
}
