// Package etcdtest stands between a client and etcd in tests, to let something
// happen at an exact moment: before a request reaches etcd, or after etcd has
// carried it out and before the answer reaches the client.
package etcdtest

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Commit is the method of transactions, which read and write.
const Commit = "/etcdserverpb.KV/Txn"

// A Hook is called with the method of a request and its number among those of
// that method, from 1. An error becomes the client's answer.
type Hook func(ctx context.Context, method string, number int) error

// An Interposer forwards every request to an etcd and calls its hooks.
type Interposer struct {
	Before Hook // before the request is forwarded; with an error it is not
	After  Hook // after etcd has answered; with an error the answer is lost

	// Rewrite returns what etcd gets instead of the first message of a request.
	Rewrite func(method string, request []byte) []byte

	// Reply is called with each further message of a client on a stream. If it
	// reports true, etcd does not get the message, and the client gets the answer
	// at once unless that is nil.
	Reply func(method string, message []byte) (answer []byte, taken bool)

	// Deliver is called before each answer is delivered, with its number in its
	// stream, from 1, and may wait.
	Deliver func(ctx context.Context, method string, number int)

	mu       sync.Mutex
	counts   map[string]int
	backend  *grpc.ClientConn
	server   *grpc.Server
	listener net.Listener
}

// ErrLost is what a client sees when a connection breaks.
func ErrLost() error { return status.Error(codes.Unavailable, "error reading from server: EOF") }

// Start begins to forward to the etcd at endpoint, http://HOST:PORT.
func (i *Interposer) Start(endpoint string) error {
	i.counts = map[string]int{}
	var err error
	i.backend, err = grpc.NewClient("passthrough:///"+strings.TrimPrefix(endpoint, "http://"),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawCodec{}), grpc.MaxCallRecvMsgSize(math.MaxInt32)))
	if err != nil {
		return err
	}
	if i.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	i.server = grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.UnknownServiceHandler(i.forward))
	go func() { _ = i.server.Serve(i.listener) }() // ends with Close
	return nil
}

// Endpoint returns the address for the client.
func (i *Interposer) Endpoint() string { return "http://" + i.listener.Addr().String() }

// Count returns how many requests of a method have come.
func (i *Interposer) Count(method string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.counts[method]
}

// Close ends everything.
func (i *Interposer) Close() error {
	i.server.Stop()
	return i.backend.Close()
}

func (i *Interposer) forward(_ any, client grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(client)
	i.mu.Lock()
	i.counts[method]++
	number := i.counts[method]
	i.mu.Unlock()
	ctx, cancel := context.WithCancel(client.Context())
	defer cancel()
	var request frame // whole, so that the client knows that it was sent
	if err := client.RecvMsg(&request); err != nil {
		return err
	}
	if i.Before != nil {
		if err := i.Before(ctx, method, number); err != nil {
			return err
		}
	}
	if i.Rewrite != nil {
		request.bytes = i.Rewrite(method, request.bytes)
	}
	if incoming, ok := metadata.FromIncomingContext(ctx); ok {
		ctx = metadata.NewOutgoingContext(ctx, incoming.Copy())
	}
	backend, err := i.backend.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		return err
	}
	locked := &lockedStream{ServerStream: client}
	go func() {
		if backend.SendMsg(&request) == nil {
			_ = pump(client.RecvMsg, func(m any) error { return i.message(method, locked, backend, m) })
		}
		_ = backend.CloseSend()
	}()
	return i.answers(ctx, locked, backend, method, number)
}

// message passes a further message of the client on, unless the test replies.
func (i *Interposer) message(method string, client *lockedStream, backend grpc.ClientStream, m any) error {
	if i.Reply == nil {
		return backend.SendMsg(m)
	}
	answer, taken := i.Reply(method, m.(*frame).bytes)
	switch {
	case !taken:
		return backend.SendMsg(m)
	case answer == nil:
		return nil
	}
	return client.SendMsg(&frame{answer})
}

// A lockedStream may be sent to by several goroutines.
type lockedStream struct {
	grpc.ServerStream
	mu sync.Mutex
}

func (s *lockedStream) SendMsg(m any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ServerStream.SendMsg(m)
}

// answers passes etcd's answers on, the first only after the hook.
func (i *Interposer) answers(ctx context.Context, client grpc.ServerStream, backend grpc.ClientStream, method string, number int) error {
	count := 0
	return pump(backend.RecvMsg, func(m any) error {
		if count++; i.Deliver != nil {
			i.Deliver(ctx, method, count)
		}
		if count == 1 && i.After != nil {
			if err := i.After(ctx, method, number); err != nil {
				return err
			}
		}
		return client.SendMsg(m)
	})
}

// pump moves messages until one side ends.
func pump(receive, send func(any) error) error {
	for {
		var m frame
		if err := receive(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := send(&m); err != nil {
			return err
		}
	}
}

// A frame is a message as it came.
type frame struct{ bytes []byte }

// rawCodec leaves messages alone.
type rawCodec struct{}

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.(*frame).bytes)}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	v.(*frame).bytes = data.Materialize()
	return nil
}

func (rawCodec) Name() string { return "proto" }
