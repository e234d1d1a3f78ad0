package torture

import (
	"context"
	"errors"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// leaderPoll is how often the leader is looked at to count its changes.
const leaderPoll = 10 * time.Millisecond

// A nemesis stops members and starts them again, the leader most of all, and
// cuts all connections to a member. One thing at a time, so that there is
// always a way back to a majority.
type nemesis struct {
	cluster *embedetcd.Cluster
	faults  *faults
	cut     func(member int) // ends all connections of clients to a member
}

// rage goes on until the context ends, and leaves all members running.
func (n *nemesis) rage(ctx context.Context) error {
	for first := true; pace(ctx, n.faults.between(200*time.Millisecond, 1500*time.Millisecond)); first = false {
		if err := n.strike(ctx, first); err != nil {
			return err
		}
	}
	return nil
}

// strike does one of the things; the first is always to stop the leader.
func (n *nemesis) strike(ctx context.Context, first bool) error {
	leader, err := n.cluster.WaitLeader(ctx)
	if err != nil {
		return ignoreEnd(ctx, err)
	}
	follower := (leader + 1 + n.faults.below(members-1)) % members
	switch what := n.faults.below(20); {
	case first:
	case what < 3:
		n.faults.happened(CutMember)
		n.cut(follower)
		return nil
	case what < 6:
		return n.stop(ctx, StopOther, follower)
	case what < 9:
		return n.stop(ctx, StopTwo, leader, follower)
	case what < 10:
		return n.stop(ctx, StopAll, 0, 1, 2)
	}
	return n.stop(ctx, StopLeader, leader)
}

// stop stops members, waits, and starts them again.
func (n *nemesis) stop(ctx context.Context, as Fault, members ...int) error {
	n.faults.happened(as)
	var errs []error
	for _, member := range members {
		errs = append(errs, n.cluster.Stop(member))
	}
	pace(ctx, n.faults.between(50*time.Millisecond, 1500*time.Millisecond))
	for _, member := range members {
		errs = append(errs, n.cluster.Restart(member))
	}
	return errors.Join(errs...)
}

// ignoreEnd returns an error unless it is only that the context has ended.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// watch returns how often another member became the leader, and by how much the
// machine was late to let it look.
func (n *nemesis) watch(ctx context.Context) (changes int, stall time.Duration) {
	last := n.cluster.Leader()
	for start := time.Now(); pace(ctx, leaderPoll); start = time.Now() {
		stall = max(stall, time.Since(start)-leaderPoll)
		if now := n.cluster.Leader(); now >= 0 && now != last {
			last = now
			changes++
		}
	}
	return changes, stall
}
