package etcd

import (
	"cmp"
	"context"
	"log/slog"
	"path"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// logTo returns a log that is there in any case. What is logged never holds a
// secret: no password, token, key, nor a value of etcd.
func logTo(log *slog.Logger) *slog.Logger {
	return cmp.Or(log, slog.New(slog.DiscardHandler))
}

// LogValue hides what String hides.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// A requestLog logs every request to etcd, each time it is sent.
type requestLog struct{ log *slog.Logger }

// dialOptions returns nothing without a log, so that requests pay nothing.
func (l requestLog) dialOptions() []grpc.DialOption {
	if l.log == nil {
		return nil
	}
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(l.unary), grpc.WithChainStreamInterceptor(l.stream)}
}

func (l requestLog) unary(ctx context.Context, method string, request, answer any, conn *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	start := time.Now()
	var by peer.Peer
	err := invoke(ctx, method, request, answer, conn, append(options, grpc.Peer(&by))...)
	attributes := append([]slog.Attr{slog.String("method", path.Base(method))}, asked(request)...)
	if by.Addr != nil {
		attributes = append(attributes, slog.String("server", by.Addr.String()))
	}
	attributes = append(attributes, slog.Duration("took", time.Since(start)))
	if err != nil {
		attributes = append(attributes, slog.String("error", status.Convert(err).Message()))
	} else {
		attributes = append(attributes, answered(answer)...)
	}
	l.log.LogAttrs(ctx, slog.LevelDebug, "etcd request", attributes...)
	return err
}

func (l requestLog) stream(ctx context.Context, description *grpc.StreamDesc, conn *grpc.ClientConn, method string,
	open grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	stream, err := open(ctx, description, conn, method, options...)
	attributes := []slog.Attr{slog.String("method", path.Base(method))}
	if err != nil {
		attributes = append(attributes, slog.String("error", status.Convert(err).Message()))
	}
	l.log.LogAttrs(ctx, slog.LevelDebug, "etcd stream", attributes...)
	return stream, err
}

// asked describes a request. Of one for a token that is the user alone.
func asked(request any) []slog.Attr {
	switch r := request.(type) {
	case *pb.AuthenticateRequest:
		return []slog.Attr{slog.String("user", r.GetName())}
	case *pb.RangeRequest:
		return []slog.Attr{slog.String("key", string(r.GetKey())), slog.Bool("range", len(r.GetRangeEnd()) > 0), slog.Int64("limit", r.GetLimit())}
	case *pb.TxnRequest:
		reads, writes, first := 0, 0, ""
		for _, op := range r.GetSuccess() {
			key := op.GetRequestRange().GetKey()
			if op.GetRequestRange() != nil {
				reads++
			} else {
				writes++
				key = append(op.GetRequestPut().GetKey(), op.GetRequestDeleteRange().GetKey()...)
			}
			first = cmp.Or(first, string(key))
		}
		return []slog.Attr{
			slog.String("key", first), slog.Int("conditions", len(r.GetCompare())), slog.Int("reads", reads), slog.Int("writes", writes),
		}
	}
	return nil
}

// answered describes an answer, without values.
func answered(answer any) []slog.Attr {
	switch a := answer.(type) {
	case *pb.RangeResponse:
		return []slog.Attr{slog.Int64("revision", a.GetHeader().GetRevision()), slog.Int("keys", len(a.GetKvs())), slog.Bool("more", a.GetMore())}
	case *pb.TxnResponse:
		return []slog.Attr{slog.Int64("revision", a.GetHeader().GetRevision()), slog.Bool("succeeded", a.GetSucceeded())}
	}
	return nil
}

// Said returns what etcd, or the connection to it, says in an error.
func Said(err error) string { return status.Convert(serverError(err)).Message() }

// logDial logs how an attempt to connect ended.
func (l *dialLog) logDial(address string, err error) {
	if err != nil {
		l.logger.Debug("etcd connection failed", "address", address, "error", err.Error())
		return
	}
	l.logger.Debug("etcd connection is good", "address", address)
}

// logTLS logs who the server has proved to be.
func (l *dialLog) logTLS(address, name string, info credentials.AuthInfo) {
	secured, ok := info.(credentials.TLSInfo)
	if !ok || len(secured.State.PeerCertificates) == 0 {
		return
	}
	cert := secured.State.PeerCertificates[0]
	l.logger.Debug("etcd has a good certificate", "address", address, "name", name,
		"subject", cert.Subject.String(), "issuer", cert.Issuer.String(), "expires", day(cert.NotAfter))
}
