package main

import (
	"context"
	"strings"

	"github.com/calicoctl/calicoctl/pkg/store"
)

// warnForeign warns when a profile was made where no other client has a key of
// Calico: a wrong etcd looks like an empty one. It asks only where the edit has
// seen no such key.
func (s *session) warnForeign(ctx context.Context, seen *store.Snapshot) {
	if seen != nil && seen.FoundNothing() && s.store.LacksCalico(ctx, seen.Revision) {
		s.app.msg.Printf("until now there was no key of Calico in etcd at %s; is ETCD_ENDPOINTS right?", s.endpoints())
	}
}

// endpoints returns the addresses of etcd for messages.
func (s *session) endpoints() string { return strings.Join(s.store.Endpoints(), ", ") }
