package store

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"slices"
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

// sendings is how often etcd's client sends a request whose user, by certificate,
// was changed meanwhile. All else that may be sent again, retry does.
const sendings = 10

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
	login := cfg.login()
	options := clientv3.Config{
		Endpoints: endpoints,
		TLS:       certs.config,
		Logger:    zap.NewNop(),
		DialOptions: slices.Concat(s.dialOptions(strings.HasPrefix(endpoints[0], "https:"), certs.config),
			login.dialOptions(), requestLog{cfg.Log}.dialOptions()),

		MaxUnaryRetries:    sendings,
		MaxCallRecvMsgSize: maxAnswer,
	}
	if s.client, err = clientv3.New(options); err != nil {
		return nil, s.explain(err, time.Now())
	}
	if login == nil {
		s.client.ActiveConnection().Connect()
		return s, nil
	}
	err = s.retry(ctx, func(ctx context.Context) error { return login.renew(ctx, s.client.ActiveConnection(), "") })
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
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
