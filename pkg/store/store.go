package store

import (
	"context"

	"github.com/calicoctl/calicoctl/internal/etcd"
)

// A Store reads and edits the profiles that etcd holds. Its methods may be called
// by several goroutines at once.
type Store struct {
	conn  *etcd.Conn
	times times

	maxReads int64 // see removals
}

// A Config says how to reach etcd. The name is for programs outside of this module,
// which cannot import internal/etcd.
type Config = etcd.Config

// Open makes a Store. It returns at once and connects in the background, except
// with a user name: then etcd is asked for a token first. The errors are those
// of the first request: ErrUnreachable, ErrDenied, ErrConfig.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	conn, err := etcd.Dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Store{conn: conn, times: defaultTimes(), maxReads: maxReads}, nil
}

// Close ends the connection.
func (s *Store) Close() error { return s.conn.Close() }

// Endpoints returns the addresses of etcd that are used.
func (s *Store) Endpoints() []string { return s.conn.Endpoints() }
