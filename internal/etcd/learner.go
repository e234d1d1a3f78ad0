package etcd

import (
	"context"
	"errors"
	"net"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// A learner is a member of etcd that does not take part in decisions until it is
// promoted, and rejects the requests of clients. As an endpoint beside others it
// must do no harm: its connection is closed and its address not dialled for a
// while, so that the requests go to the others.

// learnerRest is how long a learner is left alone.
const learnerRest = 10 * time.Second

var errLearner = errors.New("it is a learner, which serves no clients until it is promoted")

// isLearnerError reports whether a learner has rejected a request. The status code
// differs from server to server.
func isLearnerError(err error) bool {
	return status.Convert(serverError(err)).Message() == rpctypes.ErrorDesc(rpctypes.ErrGRPCNotSupportedForLearner)
}

// leave closes the connection to a learner.
func (l *dialLog) leave(local net.Addr) {
	if local == nil {
		return
	}
	conn := l.conn(local)
	if conn == nil { // closed already
		return
	}
	l.mu.Lock()
	l.learners[conn.address] = time.Now().Add(learnerRest)
	l.mu.Unlock()
	l.note(conn.address, errLearner)
	_ = conn.Close()
}

// A learnerWatcher notices what learners answer.
type learnerWatcher struct{ dials *dialLog }

func (w learnerWatcher) dialOptions() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(w.unary), grpc.WithChainStreamInterceptor(w.stream)}
}

func (w learnerWatcher) unary(ctx context.Context, method string, request, answer any, conn *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	var by peer.Peer
	err := invoke(ctx, method, request, answer, conn, append(options, grpc.Peer(&by))...)
	if err != nil && isLearnerError(err) {
		w.dials.leave(by.LocalAddr)
	}
	return err
}

func (w learnerWatcher) stream(ctx context.Context, description *grpc.StreamDesc, conn *grpc.ClientConn, method string,
	open grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	stream, err := open(ctx, description, conn, method, options...)
	if err != nil {
		return nil, err
	}
	return learnerStream{ClientStream: stream, dials: w.dials}, nil
}

type learnerStream struct {
	grpc.ClientStream
	dials *dialLog
}

func (s learnerStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err != nil && isLearnerError(err) {
		if by, ok := peer.FromContext(s.Context()); ok {
			s.dials.leave(by.LocalAddr)
		}
	}
	return err
}
