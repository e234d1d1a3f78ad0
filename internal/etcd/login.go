package etcd

import (
	"context"
	"errors"
	"path"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// A login holds the token that etcd gives for a user name and a password, and
// sends it with each request. etcd's own client can do the same, but sends the old
// token with the request for a new one, which etcd 3.4 rejects for that reason.
type login struct {
	name, password string

	turn  chan struct{} // held by whoever asks for a token
	mu    sync.Mutex
	token string // empty before the first, and while etcd has no users
}

// login returns nil when there is no password, and thus no token.
func (c Config) login() *login {
	if c.Username == "" || c.Password == "" {
		return nil
	}
	return &login{name: c.Username, password: c.Password, turn: make(chan struct{}, 1)}
}

func (l *login) dialOptions() []grpc.DialOption {
	if l == nil {
		return nil
	}
	return []grpc.DialOption{
		grpc.WithPerRPCCredentials(l),
		grpc.WithChainUnaryInterceptor(l.unary), grpc.WithChainStreamInterceptor(l.stream),
	}
}

// GetRequestMetadata returns the token, except for the request that asks for one.
func (l *login) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token := l.current()
	if request, ok := credentials.RequestInfoFromContext(ctx); token == "" || ok && isAuthenticate(request.Method) {
		return nil, nil
	}
	return map[string]string{rpctypes.TokenFieldNameGRPC: token}, nil
}

// RequireTransportSecurity reports false: etcd may be used without TLS.
func (*login) RequireTransportSecurity() bool { return false }

func isAuthenticate(method string) bool { return path.Base(method) == "Authenticate" }

func (l *login) current() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.token
}

// renew asks for a token in place of an old one, unless another request has done
// so already.
func (l *login) renew(ctx context.Context, conn grpc.ClientConnInterface, old string) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if l.current() != old {
		return nil
	}
	answer, err := pb.NewAuthClient(conn).Authenticate(ctx, &pb.AuthenticateRequest{Name: l.name, Password: l.password})
	if err != nil && !errors.Is(rpctypes.Error(err), rpctypes.ErrAuthNotEnabled) {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.token = answer.GetToken()
	return nil
}

// unary sends a request once more, with a new token, when etcd does not take the
// one that it had. etcd has not begun with such a request.
func (l *login) unary(ctx context.Context, method string, request, answer any, conn *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	used := l.current()
	err := invoke(ctx, method, request, answer, conn, options...)
	if isAuthenticate(method) || !isTokenError(err) {
		return err
	}
	if a, ok := ctx.Value(attemptKey{}).(*Attempt); ok {
		a.sent.Store(false)
	}
	if err := l.renew(context.WithValue(ctx, attemptKey{}, new(Attempt)), conn, used); err != nil {
		return err
	}
	return invoke(ctx, method, request, answer, conn, options...)
}

// stream asks for a token before each stream. A token that is not taken would end
// the watch with a reason that differs from server to server.
func (l *login) stream(ctx context.Context, description *grpc.StreamDesc, conn *grpc.ClientConn, method string,
	open grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	if err := l.renew(ctx, conn, l.current()); err != nil {
		return nil, err
	}
	return open(ctx, description, conn, method, options...)
}

// isTokenError reports whether a new token may help.
func isTokenError(err error) bool {
	e := rpctypes.Error(err)
	return errors.Is(e, rpctypes.ErrInvalidAuthToken) || errors.Is(e, rpctypes.ErrAuthOldRevision) || errors.Is(e, rpctypes.ErrUserEmpty)
}
