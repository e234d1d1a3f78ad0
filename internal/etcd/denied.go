package etcd

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/authpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// A DeniedError says that the etcd user has no permission for a key. It is
// ErrDenied.
type DeniedError struct {
	User   string   // empty when it is not known
	Write  bool     // what it may not: read or write
	Keys   []string // the key, or several of which one is meant; none when it cannot be told
	Prefix bool     // the key stands for all that begin with it
	Cause  error    // may be nil
}

// Error names the user, the key, and the permission that a role of the user needs.
func (e *DeniedError) Error() string {
	user, permission := "the etcd user", "read"
	if e.User != "" {
		user = "etcd user " + printable.Quote(e.User)
	}
	if e.Write {
		permission = "write"
	}
	if len(e.Keys) == 0 {
		return user + " has no permission for a key of this request; docs/etcd.md lists what each command needs"
	}
	keys := strings.Join(e.Keys, ", ")
	which, that := "", "that key"
	switch {
	case len(e.Keys) > 1:
		which, that = "one of ", "each of them"
	case e.Prefix:
		which, that = "all keys that begin with ", "them"
	}
	text := user + " may not " + permission + " " + which + printable.Text(keys)
	if e.Write {
		permission = "readwrite"
	}
	return text + "; one of its roles must have the permission " + permission + " for " + that +
		" (docs/etcd.md lists what each command needs)"
}

// Unwrap makes errors.Is find ErrDenied and the cause.
func (e *DeniedError) Unwrap() []error {
	if e.Cause == nil {
		return []error{fault.ErrDenied}
	}
	return []error{fault.ErrDenied, e.Cause}
}

// A Span is a key, or all keys from one up to another.
type Span struct{ Key, End string }

// An Access is what a request reads and writes.
type Access struct{ Reads, Writes []Span }

// AccessOf returns what a transaction reads and writes, nothing twice.
func AccessOf(conditions []clientv3.Cmp, ops ...clientv3.Op) Access {
	var a Access
	seen := map[Span]bool{}
	read := func(s Span) {
		if !seen[s] {
			seen[s] = true
			a.Reads = append(a.Reads, s)
		}
	}
	for _, c := range conditions {
		read(Span{string(c.KeyBytes()), string(c.GetCompare().GetRangeEnd())})
	}
	for _, op := range ops {
		s := Span{string(op.KeyBytes()), string(op.RangeBytes())}
		if op.IsGet() {
			read(s)
		} else {
			a.Writes = append(a.Writes, s)
		}
	}
	return a
}

// Denied adds to a DeniedError which key it is about, because etcd does not
// tell. It asks for the keys that were to be read, but for no values; what may
// be read and was denied all the same may not be written. Nothing is written to
// find out. It asks at most 8 times, and once more for each hundred keys and
// each of the user's roles, and not for long: the answer is there already, it
// only becomes a better one.
func (s *Conn) Denied(ctx context.Context, err error, a Access) error {
	var e *DeniedError
	if !errors.As(err, &e) || len(e.Keys) > 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.Asking)
	defer cancel()
	unreadable, sure := s.firstUnreadable(ctx, a)
	switch {
	case unreadable != nil:
		return e.about(false, *unreadable)
	case sure && len(a.Writes) > 0:
		return e.about(true, s.unwritable(ctx, a.Writes)...)
	}
	return err
}

func (e *DeniedError) about(write bool, spans ...Span) *DeniedError {
	found := &DeniedError{User: e.User, Write: write, Cause: e.Cause}
	for _, s := range spans {
		found.Keys = append(found.Keys, s.Key)
		found.Prefix = s.End != ""
	}
	return found
}

// WatchDenied turns the end of a watch into a DeniedError if it is about the
// permission, which the end of a watch has only as text.
func (s *Conn) WatchDenied(err error, key string) error {
	if err != nil && strings.Contains(err.Error(), rpctypes.ErrPermissionDenied.Error()) {
		return &DeniedError{User: s.user.name, Keys: []string{key}, Cause: err}
	}
	return err
}

// firstUnreadable returns the first of the keys that may not be read, or nil and
// whether that is certain.
func (s *Conn) firstUnreadable(ctx context.Context, a Access) (first *Span, sure bool) {
	if len(a.Reads) == 1 && len(a.Writes) == 0 {
		return &a.Reads[0], true
	}
	for part := range slices.Chunk(a.Reads, MaxOperations) {
		allowed, err := s.mayRead(ctx, part)
		for err == nil && !allowed && len(part) > 1 {
			half := len(part) / 2
			var firstHalf bool
			if firstHalf, err = s.mayRead(ctx, part[:half]); firstHalf {
				part = part[half:]
			} else {
				part = part[:half]
			}
		}
		switch {
		case err != nil:
			return nil, false
		case !allowed:
			return &part[0], true
		}
	}
	return nil, true
}

func (s *Conn) mayRead(ctx context.Context, spans []Span) (bool, error) {
	ops := make([]clientv3.Op, len(spans))
	for i, r := range spans {
		ops[i] = clientv3.OpGet(r.Key, clientv3.WithRange(r.End), clientv3.WithKeysOnly(), clientv3.WithLimit(1))
	}
	_, err := s.Client.Txn(ctx).Then(ops...).Commit()
	if errors.Is(rpctypes.Error(err), rpctypes.ErrPermissionDenied) {
		return false, nil
	}
	return err == nil, err
}

// maxRoles is how many roles of a user are looked at.
const maxRoles = 20

// unwritable returns that of several keys which the user's roles do not let it
// write, or all of them when that cannot be told. Every user may look at its
// own roles.
func (s *Conn) unwritable(ctx context.Context, keys []Span) []Span {
	if len(keys) == 1 {
		return keys
	}
	user, err := s.Client.UserGet(ctx, s.user.name)
	if err != nil || len(user.Roles) > maxRoles {
		return keys
	}
	var permissions []*authpb.Permission
	for _, name := range user.Roles {
		role, err := s.Client.RoleGet(ctx, name)
		if err != nil {
			return keys
		}
		permissions = append(permissions, role.Perm...)
	}
	for i, k := range keys {
		if !slices.ContainsFunc(permissions, func(p *authpb.Permission) bool { return writes(p, k.Key) }) {
			return keys[i : i+1]
		}
	}
	return keys
}

// writes reports whether a permission lets its user write a key.
func writes(p *authpb.Permission, key string) bool {
	if p.PermType == authpb.READ {
		return false
	}
	from, end := string(p.Key), string(p.RangeEnd)
	switch end {
	case "":
		return key == from
	case "\x00": // all from a key on
		return key >= from
	}
	return key >= from && key < end
}
