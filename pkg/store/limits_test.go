package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// padded returns a document that an appended "allow" brings to a size.
func padded(size int) string {
	const frame = `{` + head + `,"metadata":{"name":"web"},"note":"","spec":{"ingress":[{"action":"Allow"}]}}`
	return strings.Replace(strings.Replace(frame, `{"action":"Allow"}`, ``, 1), `"note":""`,
		`"note":"`+strings.Repeat("x", size-len(frame))+`"`, 1)
}

func TestDocumentSize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.direct()
	w.putProfile("web", padded(store.MaxDocument))
	result, err := s.Edit(soon(t), "web", appending(t, "allow"))
	wantDone(t, result, err, 1)
	if got := len(w.get("web").Value); got != store.MaxDocument {
		t.Errorf("%d bytes, want %d", got, store.MaxDocument)
	}
	revision := w.putProfile("web", padded(store.MaxDocument+1))
	_, err = s.Edit(soon(t), "web", appending(t, "allow"))
	wantError(t, err, fault.ErrRefused, fmt.Sprintf("profile web would be %d bytes long; etcd takes %d at most",
		store.MaxDocument+1, store.MaxDocument))
	// Below the limit, with so many guards that etcd itself says no.
	w.putProfile("web", padded(store.MaxDocument))
	e := editing("web", appending(t, "allow"))
	for i := range 90 {
		e.Query.Presence = append(e.Query.Presence, fmt.Sprintf("%s-%d", strings.Repeat("n", 240), i))
	}
	_, err = s.Update(soon(t), nil, e)
	wantError(t, err, fault.ErrRefused, fmt.Sprintf("the request that writes profile web (%d bytes) is longer than this etcd takes (--max-request-bytes)",
		store.MaxDocument))
	if got := w.get("web"); got.ModRevision != revision+1 {
		t.Error("it was written")
	}
}

func TestProtectedProfiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.direct()
	const kept = " is kept in step with Kubernetes by its controllers, which would undo the edit"
	for _, id := range []string{"kns.default", "ksa.default.web"} {
		revision := w.putProfile(id, document(t, id))
		e := editing(id, appending(t, "deny"))
		_, err := s.Update(soon(t), nil, e)
		wantError(t, err, fault.ErrRefused, "profile "+id+kept)
		if w.get(id).ModRevision != revision {
			t.Errorf("%s was written", id)
		}
		e.Force = true
		result, err := s.Update(soon(t), nil, e)
		wantDone(t, result, err, 1)
	}
	for _, id := range []string{"kns", "ksax", "knsx.default"} {
		w.putProfile(id, document(t, id))
		result, err := s.Edit(soon(t), id, appending(t, "deny"))
		wantDone(t, result, err, 1)
	}
	e := editing(profile.DefaultAllow, appending(t, "deny"))
	e.Force = true
	_, err := s.Update(soon(t), nil, e)
	wantError(t, err, fault.ErrRefused, "profile projectcalico-default-allow is built into Calico and cannot be edited")
	if w.get(profile.DefaultAllow) != nil {
		t.Error("it was written")
	}
}

func TestDefaultAllow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.profile(profile.DefaultAllow)
	if got := rules.FormatListing([]rules.Rule{p.Inbound[0].Rule}, []rules.Rule{p.Outbound[0].Rule}); got !=
		"Inbound rules:\n   1 allow\nOutbound rules:\n   1 allow\n" || len(p.Inbound)+len(p.Outbound) != 2 {
		t.Errorf("shown as\n%s", got)
	}
	if !p.BuiltIn || p.Revision != 0 || len(p.Invalid()) > 0 || len(p.Tags()) > 0 {
		t.Errorf("%+v, invalid %q, tags %q", p, p.Invalid(), p.Tags())
	}
	snap, err := w.direct().Read(soon(t), store.Query{Presence: []string{profile.DefaultAllow}})
	must(t, err)
	if !snap.Has(profile.DefaultAllow) {
		t.Error("it is not there")
	}
}
