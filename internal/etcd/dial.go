package etcd

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

// A Conn is a connection to etcd. Its methods may be called by several goroutines
// at once.
type Conn struct {
	Client    *clientv3.Client
	endpoints []string
	dials     *dialLog
	user      user
	Log       *slog.Logger

	// Asking is how long [Conn.Denied] looks for the key that was denied.
	Asking time.Duration
}

// sendings is how often etcd's client sends a request whose user, by certificate,
// was changed meanwhile. All else that may be sent again, retry does.
const sendings = 10

// maxAnswer is what an answer of etcd may have. A larger one is not read, and
// a page is asked for again in smaller pieces.
const maxAnswer = 256 << 20

// Dial makes a Conn. It returns at once and connects in the background, except
// with a user name: then etcd is asked for a token first. The errors are those
// of the first request: ErrUnreachable, ErrDenied, ErrConfig.
func Dial(ctx context.Context, cfg Config) (*Conn, error) {
	endpoints, err := cfg.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	certs, err := cfg.certificates(ctx)
	if err != nil {
		return nil, err
	}
	s := &Conn{endpoints: endpoints, dials: newDialLog(len(endpoints)), user: cfg.user(certs), Log: logTo(cfg.Log), Asking: time.Second}
	s.dials.certs, s.dials.logger = certs, s.Log
	login := cfg.login()
	options := clientv3.Config{
		Endpoints: endpoints,
		TLS:       certs.config,
		Logger:    zap.NewNop(),
		DialOptions: slices.Concat(s.dialOptions(strings.HasPrefix(endpoints[0], "https:"), certs.config),
			login.dialOptions(), learnerWatcher{s.dials}.dialOptions(), requestLog{cfg.Log}.dialOptions()),

		MaxUnaryRetries:    sendings,
		MaxCallRecvMsgSize: maxAnswer,
		MaxCallSendMsgSize: maxAnswer - 1, // etcd has a limit of its own; that of its client is to be lower than the other
	}
	if s.Client, err = clientv3.New(options); err != nil {
		return nil, s.Explain(err, time.Now())
	}
	if login == nil {
		s.Client.ActiveConnection().Connect()
		return s, nil
	}
	err = s.Retry(ctx, func(ctx context.Context) error { return login.renew(ctx, s.Client.ActiveConnection(), "") })
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the connection and all goroutines of it.
func (s *Conn) Close() error {
	err := s.Client.Close()
	if errors.Is(err, context.Canceled) { // what etcd's client always says
		return nil
	}
	return err
}

// Endpoints returns the addresses of etcd that are used.
func (s *Conn) Endpoints() []string { return s.endpoints }

func (s *Conn) dialOptions(secure bool, config *tls.Config) []grpc.DialOption {
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
