package etcd

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/calicoctl/calicoctl/pkg/fault"
)

// Retry calls request until it succeeds, fails for good, or there is no point
// or no time in trying again. The request must be one that may be repeated. When
// the time was over before etcd was asked, it is not etcd that gave no answer: the
// error is the context's then.
func (s *Conn) Retry(ctx context.Context, request func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	start := time.Now()
	hopeful, cancel := s.dials.hopeful(ctx)
	defer cancel()
	var cause error
	for number := 0; ; number++ {
		attempt, _, end := s.Attempt(hopeful)
		err := request(attempt)
		end()
		switch {
		case err == nil:
			return nil
		case !IsTransient(err):
			return s.Explain(err, start)
		}
		s.Log.Debug("etcd gave no answer", "attempt", number+1, "error", Said(err))
		if cause == nil || hopeful.Err() == nil { // a request that the time cut off tells nothing
			cause = err
		}
		if !Pause(hopeful, number) {
			return s.Unreachable(hopeful, cause, start)
		}
	}
}

// Pause waits a random time that grows with the attempts. It reports false
// when the context ended meanwhile.
func Pause(ctx context.Context, attempt int) bool {
	return Sleep(ctx, time.Millisecond+rand.N(min(time.Millisecond<<min(attempt, 10), 100*time.Millisecond)))
}

// Sleep waits. It reports false when the context ended meanwhile.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// IsTransient reports whether the same request may succeed a moment later.
func IsTransient(err error) bool {
	if errors.Is(rpctypes.Error(err), rpctypes.ErrTooManyRequests) || isLearnerError(err) {
		return true
	}
	switch status.Code(serverError(err)) {
	case codes.Unavailable, codes.Internal, codes.DeadlineExceeded, codes.Canceled, codes.Unknown, codes.Aborted:
		return !isRefusal(err)
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// IsUndone reports whether etcd has said that it did not even begin with the
// request, because it has no leader, too much to do, or is a learner.
func IsUndone(err error) bool {
	e := rpctypes.Error(err)
	return errors.Is(e, rpctypes.ErrNoLeader) || errors.Is(e, rpctypes.ErrTooManyRequests) || isLearnerError(err)
}

// isRefusal reports whether etcd itself has answered with a lasting no that its
// status code does not tell.
func isRefusal(err error) bool {
	return errors.Is(rpctypes.Error(err), rpctypes.ErrAuthFailed) ||
		errors.Is(rpctypes.Error(err), rpctypes.ErrAuthNotEnabled)
}

// serverError turns the client's own error type back into one with a status.
func serverError(err error) error {
	var e rpctypes.EtcdError
	if errors.As(err, &e) {
		return status.Error(e.Code(), e.Error())
	}
	return err
}

// Unreachable makes the error for a request that got no answer before its
// hopeful context ended. A caller who gave up is told so, not that etcd failed.
func (s *Conn) Unreachable(ctx context.Context, cause error, start time.Time) error {
	switch ended := context.Cause(ctx); {
	case errors.Is(ended, context.Canceled):
		return ended
	case errors.Is(ended, errHopeless):
		cause = ended
	}
	reason, certificate := s.dials.reason()
	if message := status.Convert(serverError(cause)).Message(); reason == "" && strings.Contains(message, "etcdserver: ") {
		reason = strings.TrimPrefix(message, "etcdserver: ")
	}
	reason = cmp.Or(reason, "no answer")
	return &UnreachableError{Endpoints: s.endpoints, Waited: time.Since(start), Reason: reason, TLS: certificate, Cause: cause}
}

// Explain turns a lasting error of etcd into one of this package's.
func (s *Conn) Explain(err error, start time.Time) error {
	if about := s.explainUser(err); about != nil {
		return about
	}
	switch e := rpctypes.Error(err); {
	case IsTooLong(err):
		return &fault.Error{Kind: fault.ErrRefused, Cause: err, Text: "the request is longer than this etcd takes (--max-request-bytes)"}
	case errors.Is(e, rpctypes.ErrCompacted):
		return &fault.Error{Kind: fault.ErrUnreachable, Cause: err, Text: "etcd has thrown away (compacted) the revision that was being read; try again"}
	case errors.Is(e, rpctypes.ErrNoSpace):
		return &fault.Error{Kind: fault.ErrRefused, Cause: err, Text: "etcd has no space left (its database quota is used up)"}
	}
	if status.Code(serverError(err)) == codes.Unimplemented {
		return &UnreachableError{Endpoints: s.endpoints, Waited: time.Since(start), Reason: errNotEtcd.Error(), Cause: err}
	}
	return &fault.Error{Kind: fault.ErrRefused, Cause: err, Text: "etcd: " + strings.TrimPrefix(status.Convert(serverError(err)).Message(), "etcdserver: ")}
}

// MaxOperations is how many operations go into one transaction; etcd's default
// limit is 128.
const MaxOperations = 100

// IsCompacted reports whether etcd has compacted the revision that was asked for.
func IsCompacted(err error) bool { return IsServerError(err, rpctypes.ErrCompacted) }

// IsServerError reports whether an error of a request is one of etcd's own.
func IsServerError(err, wanted error) bool {
	var e *fault.Error
	return errors.As(err, &e) && errors.Is(rpctypes.Error(e.Cause), wanted)
}

// IsTooLarge reports whether an answer was larger than a client reads.
func IsTooLarge(err error) bool {
	var e *fault.Error
	return errors.As(err, &e) && status.Code(serverError(e.Cause)) == codes.ResourceExhausted &&
		strings.Contains(Said(e.Cause), "larger than max")
}

// IsTooLong reports whether etcd, or gRPC before it, refuses the length of a
// request.
func IsTooLong(err error) bool {
	return errors.Is(rpctypes.Error(err), rpctypes.ErrRequestTooLarge) ||
		status.Code(serverError(err)) == codes.ResourceExhausted && strings.Contains(err.Error(), "message larger than max")
}
