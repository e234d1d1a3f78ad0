package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

var networkID = strings.Repeat("0123456789abcdef", 4)

func TestCreate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.direct()
	for id, label := range map[string]string{
		"databases": "databases", networkID: networkID + "/tag",
		strings.Repeat("a", 63): strings.Repeat("a", 63), strings.Repeat("a", 64): strings.Repeat("a", 64) + "/tag",
		strings.Repeat("a.", 126) + "z": strings.Repeat("a.", 126) + "z/tag", // 253
	} {
		before := time.Now().Add(-time.Second)
		result, err := s.Update(soon(t), nil, creating(id))
		wantDone(t, result, err, 1)
		kv := w.get(id)
		if kv.ModRevision != result.Profile.Revision || kv.Version != 1 {
			t.Errorf("%s: revision %d, version %d; the result says %d", id, kv.ModRevision, kv.Version, result.Profile.Revision)
		}
		wantNewDocument(t, string(kv.Value), id, label, before)
		if shown, err := result.Profile.MarshalJSON(); err != nil || string(shown) != string(kv.Value) {
			t.Errorf("%s: the result says %s, %v", id, shown, err)
		}
		p := w.profile(id)
		if got := p.Tags(); !slices.Equal(got, []string{id}) {
			t.Errorf("%s: tags %q", id, got)
		}
		if got := rules.FormatListing([]rules.Rule{p.Inbound[0].Rule}, []rules.Rule{p.Outbound[0].Rule}); got !=
			"Inbound rules:\n   1 allow from tag "+id+"\nOutbound rules:\n   1 allow\n" {
			t.Errorf("%s is shown as\n%s", id, got)
		}
		if invalid := p.Invalid(); len(invalid) > 0 {
			t.Errorf("%s: invalid %q", id, invalid)
		}
	}
}

// wantNewDocument pins all of a new document but the two parts that differ
// each time.
func wantNewDocument(t *testing.T, document, id, label string, before time.Time) {
	t.Helper()
	pattern := regexp.MustCompile(`^\{"kind":"Profile","apiVersion":"projectcalico\.org/v3","metadata":\{"name":"` + regexp.QuoteMeta(id) +
		`","uid":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}","creationTimestamp":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"\},` +
		regexp.QuoteMeta(`"spec":{"ingress":[{"action":"Allow","source":{"selector":"has(`+label+`)"}}],"egress":[{"action":"Allow"}],`+
			`"labelsToApply":{"`+label+`":""}}}`) + `$`)
	match := pattern.FindStringSubmatch(document)
	if match == nil {
		t.Fatalf("document of %s:\n%s\nwant\n%s", id, document, pattern)
	}
	made, err := time.Parse(time.RFC3339, match[1])
	if err != nil || made.Before(before.Truncate(time.Second)) || made.After(time.Now()) {
		t.Errorf("created at %s, %v", match[1], err)
	}
}

func TestEachProfileHasItsOwnUID(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		p, err := profile.New("web")
		must(t, err)
		document, err := p.MarshalJSON()
		must(t, err)
		var content struct{ Metadata struct{ UID string } }
		must(t, json.Unmarshal(document, &content))
		seen[content.Metadata.UID] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d of 100 differ", len(seen))
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const form = ": its name is made of lower-case letters, digits, - and ., begins and ends with a letter or digit, and has at most 253 characters"
	for id, text := range map[string]string{
		"WEB":                           `a profile cannot be called "WEB", because Calico takes lower case only; web is possible`,
		"a_b":                           `a profile cannot be called "a_b"` + form,
		"-a":                            `a profile cannot be called "-a"` + form,
		"a-":                            `a profile cannot be called "a-"` + form,
		"a..b":                          `a profile cannot be called "a..b"` + form,
		".":                             `a profile cannot be called "."` + form,
		"":                              `a profile cannot be called ""` + form,
		"a/b":                           `a profile cannot be called "a/b"` + form,
		"a b":                           `a profile cannot be called "a b"` + form,
		"é":                             `a profile cannot be called "é"` + form,
		"a\x1b":                         `a profile cannot be called "a\x1b"` + form,
		strings.Repeat("a.", 127) + "z": `a profile cannot be called "` + strings.Repeat("a.", 127) + `z"` + form,
		"kns.default":                   "profile kns.default is kept in step with Kubernetes by its controllers, which would undo the edit",
	} {
		e := creating(id)
		_, err := w.direct().Update(soon(t), nil, e)
		wantError(t, err, fault.ErrRefused, text)
		if w.get(id) != nil {
			t.Errorf("%q was made", id)
		}
		if why := profile.CheckName(id); why != text && !strings.HasPrefix(id, "kns.") {
			t.Errorf("CheckName(%q) = %q", id, why)
		}
	}
}

// Everybody who adds the same profile at once hears that it was added or that
// it is there.
func TestOneOfManyCreators(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const creators = 12
	errs := make(chan error, creators)
	for range creators {
		s := w.direct()
		go func() {
			_, err := s.Update(t.Context(), nil, creating("web"))
			errs <- err
		}()
	}
	made := 0
	for range creators {
		if err := <-errs; err == nil {
			made++
		} else {
			wantError(t, err, fault.ErrRefused, "Profile web already exists.")
		}
	}
	if made != 1 {
		t.Errorf("%d have made it", made)
	}
	w.wantVersions("web", 1)
}

// The same by force: both have read that it is not there.
func TestCreatedBetweenReadAndCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.direct()
	s, between := w.behind(first(func(ctx context.Context) error {
		_, err := other.Update(ctx, nil, creating("web"))
		return err
	}), nil)
	_, err := s.Update(soon(t), nil, creating("web"))
	wantError(t, err, fault.ErrRefused, "Profile web already exists.")
	w.wantVersions("web", 1)
	if n := between.Count("/etcdserverpb.KV/Txn"); n != 2 {
		t.Errorf("%d requests", n)
	}
}

// What stands under the key is never overwritten by a new profile, whatever it
// is and whatever Pick thinks of it.
func TestCreateOverDamage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", "damage")
	e := creating("web")
	e.Pick = func(*store.Snapshot) (*profile.Profile, error) { return profile.New("web") }
	_, err := w.direct().Update(soon(t), nil, e)
	wantError(t, err, fault.ErrRefused, "Profile web already exists.")
	w.wantValue("web", "damage")
}

// Who adds a rule at the same time as many others finds it there.
func TestContention(t *testing.T) {
	t.Parallel()
	for _, writers := range []int{24, 40} {
		t.Run(fmt.Sprint(writers), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", document(t, "web"))
			type done struct {
				attempts int
				err      error
			}
			results := make(chan done, writers)
			start := make(chan struct{})
			for i := range writers {
				s := open(t, etcd.Config{Endpoints: []string{w.endpoint}})
				change := appending(t, fmt.Sprintf("allow tcp to ports %d", 1000+i))
				ctx := soon(t)
				go func() {
					<-start
					result, err := s.Edit(ctx, "web", change)
					results <- done{result.Attempts, err}
				}()
			}
			close(start)
			lost := 0
			for range writers {
				d := <-results
				if d.err != nil {
					t.Error(d.err)
				}
				lost += d.attempts - 1
			}
			got := w.inbound("web")
			slices.Sort(got)
			if len(slices.Compact(got)) != writers {
				t.Errorf("%d rules, want %d", len(got), writers)
			}
			w.wantVersions("web", writers+1)
			t.Logf("%d writers lost %d races", writers, lost)
		})
	}
}

// When the time is over while others keep winning, nothing was changed.
func TestContentionUntilTheTimeIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web"))
	for _, cancelled := range []bool{false, true} {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // enough for three attempts
		if cancelled {
			ctx, cancel = context.WithCancel(soon(t))
		}
		n := 0
		s, between := w.behind(func(_ context.Context, _ string, number int) error {
			if number >= firstCommit {
				n++
				if n == 3 && cancelled {
					cancel()
				}
				_, err := w.plain.Put(t.Context(), key("web"), document(t, "web", fmt.Sprintf("allow tcp to ports %d", number)))
				return err
			}
			return nil
		}, nil)
		_, err := s.Edit(ctx, "web", appending(t, "deny"))
		if cancelled && !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if !cancelled {
			wantError(t, err, fault.ErrConflict, "other writers kept changing profile web until the time was over; nothing was changed")
		}
		if between.Count("/etcdserverpb.KV/Txn") < 3 {
			t.Error("it was not tried again")
		}
		if slices.Contains(w.inbound("web"), "deny") {
			t.Error("the rule was added")
		}
		cancel()
	}
}
