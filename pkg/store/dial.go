package store

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// A Store is a connection to the etcd that holds the profiles. Its methods may
// be called by several goroutines at once.
type Store struct {
	client    *clientv3.Client
	endpoints []string
	dials     *dialLog
	user      user
	log       *slog.Logger
	times     times
	maxReads  int64 // see removals
}

// tokenTries is how often etcd's client asks for a new token when one is
// refused. All else that may be tried again, retry does.
const tokenTries = 10

// Open makes a Store. It returns at once and connects in the background, except
// with a user name: then etcd is asked for a token first. The errors are those
// of the first request: ErrUnreachable, ErrDenied, ErrConfig.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	endpoints, err := cfg.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	certs, err := cfg.certificates()
	if err != nil {
		return nil, err
	}
	s := &Store{endpoints: endpoints, dials: newDialLog(len(endpoints)), user: cfg.user(certs), log: logTo(cfg.Log), times: defaultTimes(), maxReads: maxReads}
	s.dials.certs, s.dials.logger = certs, s.log
	options := clientv3.Config{
		Endpoints:   endpoints,
		TLS:         certs.config,
		Username:    cfg.Username,
		Password:    cfg.Password,
		Logger:      zap.NewNop(),
		DialOptions: append(s.dialOptions(strings.HasPrefix(endpoints[0], "https:"), certs.config), requestLog{cfg.Log}.dialOptions()...),
		DialTimeout: remaining(ctx),

		MaxUnaryRetries:    tokenTries,
		MaxCallRecvMsgSize: maxAnswer,
	}
	err = s.retry(ctx, func(ctx context.Context) error { return s.connect(ctx, options) })
	if err != nil {
		return nil, err
	}
	s.client.ActiveConnection().Connect()
	return s, nil
}

// connect makes the client, which outlives ctx: every request has a context of
// its own. With a user name this asks for a token, and then ctx ends the wait.
func (s *Store) connect(ctx context.Context, options clientv3.Config) error {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, end)
	options.Context = life
	client, err := clientv3.New(options)
	if inTime := stop(); err == nil && !inTime {
		_ = client.Close()
		err = context.Cause(ctx)
	}
	s.client = client
	return err
}

// remaining returns the time until the deadline; 0 when there is none.
func remaining(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return max(time.Until(deadline), time.Millisecond)
	}
	return 0
}

// Close ends the connection. Nothing is left behind.
func (s *Store) Close() error {
	err := s.client.Close()
	if errors.Is(err, context.Canceled) { // what etcd's client always says
		return nil
	}
	return err
}

// Endpoints returns the addresses of etcd that are used.
func (s *Store) Endpoints() []string { return s.endpoints }

func (s *Store) dialOptions(secure bool, config *tls.Config) []grpc.DialOption {
	options := []grpc.DialOption{
		grpc.WithContextDialer(s.dials.dial),
		grpc.WithStatsHandler(attemptWatcher{s.dials}),
		// A command lives for milliseconds: try again soon.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
	}
	if !secure {
		return append(options, grpc.WithTransportCredentials(loggedHandshake{insecure.NewCredentials(), s.dials}))
	}
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return append(options, grpc.WithTransportCredentials(loggedHandshake{credentials.NewTLS(config), s.dials}))
}
