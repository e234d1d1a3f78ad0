package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

const head = `"kind":"Profile","apiVersion":"projectcalico.org/v3"`

// hostile returns documents that must be ErrMalformed, by what the error says of
// them. A second one with the same text has spaces at the end of its key.
func hostile() map[string]string {
	return map[string]string{
		`it is not JSON`:                      ``,
		`it is not JSON `:                     `{` + head,
		`it is not JSON  `:                    `{` + head + `} {}`,
		`it is not JSON   `:                   "\xef\xbb\xbf{" + head + `}`,
		`it is not JSON    `:                  "\xff\xfe{\x00}\x00",
		`it is not JSON     `:                 `{` + head + `} // web`,
		`it is not JSON      `:                `{` + head + `/* web */}`,
		`it is not JSON       `:               `{` + head + "}\x00",
		`it is not JSON        `:              "{" + head + `,"x":"` + "\x1b" + `"}`,
		`it is not JSON         `:             `{` + head + `,"x":` + strings.Repeat("[", 9_000),
		`it is nested more than 10,000 deep`:  `{` + head + `,"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`,
		`it is nested more than 10,000 deep `: `{` + head + `,"x":` + strings.Repeat("[", 100_000),
		`spec.egress: 100001 rules; not more than 100000 can be read`: `{` + head + `,"spec":{"egress":[{}` + strings.Repeat(",1", 100_000) + `]}}`,
		`the document: expected an object, got an array`:              `[]`,
		`the document: expected an object, got a number`:              `17`,
		`the document: expected an object, got a string`:              `"Profile"`,
		`it is of kind "", not Profile`:                               `null`,
		`it is of kind "", not Profile `:                              `{"kind":["Profile"]}`,
		`it is of kind "GlobalNetworkPolicy", not Profile`:            `{"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3"}`,
		`it is of kind "\x1b[31m", not Profile`:                       `{"kind":"\u001b[31m"}`,
		`its apiVersion is "v1", not projectcalico.org/v3`:            `{"kind":"Profile","apiVersion":"v1"}`,
		`its apiVersion is "", not projectcalico.org/v3`:              `{"kind":"Profile"}`,
		`the document: the key "kind" stands twice`:                   `{` + head + `,"kind":"Profile"}`,
		`the document: the key "KIND" stands twice`:                   `{` + head + `,"KIND":"Profile"}`,
		`the document: the key "SPEC" stands twice`:                   `{` + head + `,"spec":{},"SPEC":{}}`,
		`metadata: the key "name" stands twice`:                       `{` + head + `,"metadata":{"name":"a","n\u0061me":"b"}}`,
		`metadata: expected an object, got a string`:                  `{` + head + `,"metadata":"web"}`,
		`spec: expected an object, got an array`:                      `{` + head + `,"spec":[]}`,
		`spec: the key "Ingress" stands twice`:                        `{` + head + `,"spec":{"ingress":[],"Ingress":[]}}`,
		`spec: the key "inGreſſ" stands twice`:                        `{` + head + `,"spec":{"ingress":[],"inGreſſ":[]}}`,
		`spec.ingress: expected an array, got an object`:              `{` + head + `,"spec":{"ingress":{}}}`,
		`spec.ingress: expected an array, got a string`:               `{` + head + `,"spec":{"ingress":"allow"}}`,
		`spec.egress: expected an array, got a boolean`:               `{` + head + `,"spec":{"egress":false}}`,
		`spec.labelsToApply: expected an object, got an array`:        `{` + head + `,"spec":{"labelsToApply":["a"]}}`,
		`spec.labelsToApply: the value of "a" is not a string`:        `{` + head + `,"spec":{"labelsToApply":{"a":1}}}`,
		`spec.labelsToApply: the value of "b" is not a string`:        `{` + head + `,"spec":{"labelsToApply":{"a":"","b":null}}}`,
		`spec.labelsToApply: the key "a" stands twice`:                `{` + head + `,"spec":{"labelsToApply":{"a":"","a":"x"}}}`,
		`spec.labelsToApply: the key "�" stands twice`:                `{` + head + `,"spec":{"labelsToApply":{"` + "\xff" + `":"","` + "\xfe" + `":""}}}`,
	}
}

func TestMalformedDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.direct()
	i := 0
	for why, document := range hostile() {
		i++
		id := fmt.Sprintf("damaged-%02d", i)
		revision := w.putProfile(id, document)
		want := fmt.Sprintf("profile %s (key %s%s) cannot be read: %s", id, prefix, id, strings.TrimSpace(why))
		snap, err := s.Read(soon(t), store.Query{Profiles: []string{id}})
		must(t, err)
		_, err = snap.Profile(id)
		wantError(t, err, fault.ErrMalformed, want)
		if !snap.Has(id) {
			t.Errorf("%s is not there", id)
		}
		_, err = s.Edit(soon(t), id, appending(t, "allow"))
		wantError(t, err, fault.ErrMalformed, want)
		if now := w.get(id); now.ModRevision != revision {
			t.Errorf("%s was written", id)
		}
	}
}

// What single rules say is never damage: it is shown, kept and removable.
func TestOddRulesAreShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deep := strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)
	odd := []string{
		`null`, `1`, `"allow"`, `[]`, `{}`, `{"action":"Alow"}`, `{"action":"Allow","action":"Deny"}`,
		`{"action":"Allow","source":[]}`, `{"action":"Allow","source":{"nets":"10.0.0.0/8"}}`,
		`{"action":"Allow","protocol":"` + "\xff\xfe" + `"}`, `{"action":"Allow","x":` + deep + `}`,
		`{"action":"Allow","destination":{"ports":[0,99999,-1,1e3,"a\u0000b"]}}`,
	}
	w.putProfile("odd", `{`+head+`,"metadata":{"name":"odd"},"spec":{"ingress":[`+strings.Join(odd, ",")+`]}}`)
	p := w.profile("odd")
	if len(p.Inbound) != len(odd) {
		t.Fatalf("%d rules, want %d", len(p.Inbound), len(odd))
	}
	for i, r := range p.Inbound {
		if string(r.JSON) != odd[i] {
			t.Errorf("rule %d is %s", i+1, r.JSON)
		}
		if text := rules.Format(r.Rule); printable.Text(text) != text {
			t.Errorf("rule %d is shown as %q", i+1, text)
		}
	}
	for range odd {
		_, err := w.direct().Edit(soon(t), "odd", func(p *profile.Profile) error {
			return (&profile.Removal{Direction: rules.Inbound, At: 1}).Apply(p)
		})
		must(t, err)
	}
	w.wantValue("odd", `{`+head+`,"metadata":{"name":"odd"},"spec":{"ingress":[]}}`)
}

// A profile of 1.4 MB is read and edited like any other.
func TestLargeDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	note := strings.Repeat("x", 1_400_000)
	w.putProfile("large", `{`+head+`,"metadata":{"name":"large","annotations":{"note":"`+note+`"}},"spec":{}}`)
	result, err := w.direct().Edit(soon(t), "large", appending(t, "allow"))
	wantDone(t, result, err, 1)
	w.wantValue("large", `{`+head+`,"metadata":{"name":"large","annotations":{"note":"`+note+`"}},"spec":{"ingress":[{"action":"Allow"}]}}`)
}

// Large profiles are read in small pages, and a page that is too large all the
// same is read again in smaller ones.
func TestPagesByTheirSize(t *testing.T) {
	t.Parallel()
	const ranges = "/etcdserverpb.KV/Range"
	tooLarge := func(_ context.Context, method string, number int) error {
		if method == ranges && number == 2 {
			return status.Error(codes.ResourceExhausted, "grpc: received message larger than max (300000000 vs. 268435456)")
		}
		return nil
	}
	for _, test := range []struct {
		name     string
		profiles int
		note     string // in each of them
		after    etcdtest.Hook
		want     int // range requests, one of which is for v1
	}{
		{"small", 150, "", nil, 2 + 1},                            // 20, 130
		{"large", 30, strings.Repeat("x", 1_000_000), nil, 3 + 1}, // 20, 7, 3
		{"too large", 150, "", tooLarge, 4 + 1},                   // 20, not 130, 20, 110
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for i := range test.profiles {
				w.putProfile(fmt.Sprintf("p%03d", i), `{`+head+`,"metadata":{"name":"x","annotations":{"note":"`+test.note+`"}},"spec":{}}`)
			}
			s, between := w.behind(nil, test.after)
			var got []string
			must(t, s.List(soon(t), func(id string, _ *profile.Profile, err error) error {
				got = append(got, id)
				return err
			}))
			if len(got) != test.profiles || !slices.IsSorted(got) || len(slices.Compact(got)) != test.profiles {
				t.Errorf("%d profiles were listed: %v", len(got), got)
			}
			if n := between.Count(ranges); n != test.want {
				t.Errorf("%d range requests, want %d", n, test.want)
			}
		})
	}
}

// Time that goes by with reading is not told as etcd's silence.
func TestListingTakesTooLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 21 {
		w.putProfile(fmt.Sprintf("p%03d", i), lettered(t, ""))
	}
	ctx, cancel := context.WithTimeout(soon(t), time.Second)
	defer cancel()
	err := w.direct().List(ctx, func(string, *profile.Profile, error) error {
		<-ctx.Done()
		return nil
	})
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, fault.ErrUnreachable) {
		t.Errorf("List: %v", err)
	}
}

// IDs come from users, from Docker and from etcd.
func TestHostileIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"", "a/b", "../x", "a\x00b", "\x1b[31m", strings.Repeat("x", 10_000), "\xff", "ſ"} {
		snap, err := w.direct().Read(soon(t), store.Query{Profiles: []string{id}, Presence: []string{id}, Lock: true})
		must(t, err)
		_, err = snap.Profile(id)
		wantError(t, err, fault.ErrNotFound, "Profile "+printable.Text(id)+" not found.")
	}
}
