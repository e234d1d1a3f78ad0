package suggest_test

import (
	"testing"

	"github.com/calicoctl/calicoctl/internal/suggest"
)

func TestClosest(t *testing.T) {
	t.Parallel()
	keys := []string{"etcdEndpoints", "etcdKey", "etcdKeyFile", "etcdCert"}
	for _, test := range []struct {
		word  string
		limit int
		want  string
	}{
		{"etcdEndpoint", 3, "etcdEndpoints"},
		{"etcdendpoint", 3, "etcdEndpoints"},
		{"etcd_endpoints", 3, "etcdEndpoints"},
		{"etcdKeys", 3, "etcdKey"},
		{"etcdKeysFile", 1, "etcdKeyFile"},
		{"password", 3, ""},
		{"", 3, ""},
		{"tcdEndpoint", 1, ""},
	} {
		if got := suggest.Closest(test.word, keys, test.limit); got != test.want {
			t.Errorf("Closest(%q, %d) = %q, want %q", test.word, test.limit, got, test.want)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"abc", "abc", 0}, {"abc", "axc", 1}, {"abc", "acb", 2}, {"kitten", "sitting", 3}} {
		if got := suggest.Distance(test.a, test.b); got != test.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
