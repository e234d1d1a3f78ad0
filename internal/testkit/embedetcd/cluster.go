package embedetcd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	// restartTimeout bounds Restart, which takes no context. A member that
	// has a majority to join needs a second or two.
	restartTimeout = time.Minute

	// leaderPoll is how often WaitLeader looks. etcd tells each member's
	// changes of leader, but not when a majority has come to agree.
	leaderPoll = 5 * time.Millisecond
)

// Cluster is an etcd of several members, each of which can be stopped and
// started again. Members are numbered from 0. Its methods may be called from
// several goroutines.
type Cluster struct {
	opts    Options
	program string   // of the server processes; empty for servers in this process
	initial string   // every member's name and peer URL, as etcd wants it
	temp    []string // directories that Close removes

	mu      sync.Mutex // guards the members' running servers, and closed
	members []*member
	closed  bool
}

// StartCluster starts an etcd of n members and returns when all of them serve
// and agree on a leader. With a Dir in opts, member i keeps its data in the
// directory member-i of it.
func StartCluster(ctx context.Context, n int, opts Options) (*Cluster, error) {
	if n < 1 {
		return nil, fmt.Errorf("start embedded etcd: a cluster of %d members", n)
	}
	dirs := make([]string, n)
	for i := range dirs {
		if opts.Dir != "" {
			dirs[i] = filepath.Join(opts.Dir, fmt.Sprintf("member-%d", i))
		}
	}
	return startCluster(ctx, dirs, opts)
}

// startCluster starts one member for each of dirs, where "" stands for a
// temporary directory.
func startCluster(ctx context.Context, dirs []string, opts Options) (*Cluster, error) {
	c := &Cluster{opts: opts, program: os.Getenv(ProgramVariable)}
	err := c.addMembers(dirs)
	if err == nil {
		err = c.startAll(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start embedded etcd: %w", err), c.Close())
	}
	return c, nil
}

// addMembers gives every member its directory and its ports. All ports have
// to be known before the first member starts, as each is told of all others.
func (c *Cluster) addMembers(dirs []string) error {
	var peers []string
	for i, dir := range dirs {
		m, err := c.addMember(i, dir)
		if err != nil {
			return err
		}
		peers = append(peers, m.name+"="+m.peerURL().String())
	}
	c.initial = strings.Join(peers, ",")
	return nil
}

// addMember adds the member of a number, with a temporary directory if dir is empty.
func (c *Cluster) addMember(i int, dir string) (*member, error) {
	if dir == "" {
		temp, err := os.MkdirTemp("", "embedetcd-")
		if err != nil {
			return nil, err
		}
		c.temp = append(c.temp, temp)
		dir = temp
	}
	m, err := newMember(fmt.Sprintf("member-%d", i), dir, c.opts, c.program != "")
	if err == nil {
		c.members = append(c.members, m)
	}
	return m, err
}

// launch starts the server of a member, which joins a cluster that is there or
// makes one with the others.
func (c *Cluster) launch(ctx context.Context, m *member, joins bool) error {
	if c.program != "" {
		// Not every line of etcd can share its ports.
		if err := errors.Join(m.client.release(), m.peer.release()); err != nil {
			return err
		}
		return m.launch(func() (server, error) { return startProcess(c.program, c.flags(m, joins), c.opts.Log) })
	}
	return m.launch(func() (server, error) { return startEmbedded(ctx, c.config(m, joins)) })
}

// startAll launches the members one after another: a new member asks the
// others whether the cluster exists already, and would wait a second for one
// that listens but does not answer yet.
func (c *Cluster) startAll(ctx context.Context) error {
	for _, m := range c.members {
		if err := c.launch(ctx, m, false); err != nil {
			return err
		}
	}
	for _, m := range c.members {
		if err := m.run.waitServing(ctx); err != nil {
			return err
		}
	}
	_, err := c.WaitLeader(ctx)
	return err
}

// Endpoints returns the URLs to give to a client, one of each member in their
// order, whether it runs or not.
func (c *Cluster) Endpoints() []string {
	urls := make([]string, len(c.members))
	for i, m := range c.members {
		urls[i] = m.clientURL().String()
	}
	return urls
}

// Leader returns the running member that a majority holds to be the leader,
// or -1 while there is none.
func (c *Cluster) Leader() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	votes := make(map[uint64]int)
	for _, m := range c.members {
		if m.run != nil {
			leader, _ := m.run.vote()
			votes[leader]++
		}
	}
	for i, m := range c.members {
		if m.run == nil {
			continue
		}
		if _, own := m.run.vote(); own != 0 && votes[own] > len(c.members)/2 {
			return i
		}
	}
	return -1
}

// WaitLeader returns the leader as Leader does, as soon as there is one.
func (c *Cluster) WaitLeader(ctx context.Context) (int, error) {
	tick := time.NewTicker(leaderPoll)
	defer tick.Stop()
	for {
		if i := c.Leader(); i >= 0 {
			return i, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return -1, fmt.Errorf("embedded etcd elects no leader: %w", ctx.Err())
		}
	}
}

// Stop ends member i abruptly. The others go on and, if it was their leader
// and they are a majority, elect another.
func (c *Cluster) Stop(i int) error {
	m, err := c.member(i)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.run == nil {
		return fmt.Errorf("stop embedded etcd: %s does not run", m.name)
	}
	m.kill()
	return nil
}

// Restart starts member i again, with the data and the ports that it had. It
// returns when the member serves or, while too few members run to form a
// majority, as soon as it listens.
func (c *Cluster) Restart(i int) error {
	m, err := c.member(i)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), restartTimeout)
	defer cancel()
	r, majority, err := c.relaunch(ctx, m)
	if err == nil && majority {
		err = r.waitServing(ctx)
	}
	if err != nil {
		return fmt.Errorf("restart embedded etcd: %w", err)
	}
	return nil
}

// relaunch starts m and tells whether a majority runs now.
func (c *Cluster) relaunch(ctx context.Context, m *member) (r server, majority bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, false, errors.New("the cluster is closed")
	case m.run != nil:
		return nil, false, fmt.Errorf("%s runs already", m.name)
	}
	if err := c.launch(ctx, m, false); err != nil {
		return nil, false, err
	}
	running := 0
	for _, other := range c.members {
		if other.run != nil {
			running++
		}
	}
	return m.run, running > len(c.members)/2, nil
}

// Close stops all members and removes their data if that is temporary. It may
// be called again, without effect.
func (c *Cluster) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	for _, m := range c.members {
		m.kill()
	}
	var errs []error
	for _, m := range c.members {
		m.waitGone()
		errs = append(errs, m.client.release(), m.peer.release())
	}
	for _, dir := range c.temp {
		errs = append(errs, os.RemoveAll(dir))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close embedded etcd: %w", err)
	}
	return nil
}

// member returns member i, or an error that names the ones there are.
func (c *Cluster) member(i int) (*member, error) {
	if i < 0 || i >= len(c.members) {
		return nil, fmt.Errorf("embedded etcd has no member %d, only 0 to %d", i, len(c.members)-1)
	}
	return c.members[i], nil
}

// stopped returns a channel that is closed when the running server of member i
// ends, or has ended.
func (c *Cluster) stopped(i int) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.members[i].run; r != nil {
		return r.ended()
	}
	done := make(chan struct{})
	close(done)
	return done
}
