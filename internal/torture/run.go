package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// A Config says how to run.
type Config struct {
	Seed     uint64 // of every choice; when what happens, it does not decide
	Duration time.Duration
	Writers  int
	Readers  int
	Calm     bool // no faults

	// Between puts something between the clients and a member, and returns its
	// endpoint and what ends it; nil puts nothing there.
	Between func(endpoint string) (string, func(), error)

	// Insert is how rules are inserted; nil is as the store does it.
	Insert InsertFunc
}

// A Result is what happened in a run, and what was found out about it.
type Result struct {
	Config
	History
	Verdict
	Faults  map[Fault]int
	Leaders int           // how often another member became the leader
	Stall   time.Duration // the longest time for which the machine let this process wait
	Took    time.Duration
}

const (
	members = 3
	// maxRules keeps the lists short.
	maxRules = 12
	// windDown is how long a run may take beyond its duration.
	windDown = 2 * time.Minute
)

// A run is the parts of a running one.
type run struct {
	Config
	began   time.Time
	book    *Book
	faults  *faults
	cluster *embedetcd.Cluster
	plain   *clientv3.Client
	direct  []string // endpoints of the members, or of what stands before them
	proxies [][]*proxy
	clients []*client
	ends    []func()

	quiet atomic.Bool // most writers rest
}

// Run carries out the operations and checks them. The error is about the run
// itself; what was found is in the result.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	hard, cancel := context.WithTimeout(ctx, cfg.Duration+windDown)
	defer cancel()
	r := &run{Config: cfg, book: NewBook(), faults: newFaults(cfg.dice(0), cfg.chances()), began: time.Now()}
	defer r.close()
	if err := r.prepare(hard); err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	result := &Result{Config: cfg}
	if err := r.operate(hard, result); err != nil {
		return nil, err
	}
	result.Faults, result.Ops = r.faults.counts(), r.operations()
	if _, err := r.cluster.WaitLeader(hard); err != nil {
		return nil, err
	}
	if err := result.readEtcd(hard, r.plain, r.book); err != nil {
		return nil, fmt.Errorf("the history cannot be read: %w", err)
	}
	result.Verdict = Check(r.book, &result.History)
	result.Took = time.Since(r.began)
	return result, nil
}

// dice returns the source of random choices of one part of the run.
func (cfg Config) dice(part uint64) *rand.Rand { return rand.New(rand.NewPCG(cfg.Seed, part)) }

func (cfg Config) chances() []chance {
	if cfg.Calm {
		return nil
	}
	return chances()
}

// prepare starts the cluster, stores the profile, and makes the clients.
func (r *run) prepare(ctx context.Context) error {
	var err error
	if r.cluster, err = embedetcd.StartCluster(ctx, members, embedetcd.Options{Fast: true}); err != nil {
		return err
	}
	r.ends = append(r.ends, func() { _ = r.cluster.Close() })
	r.plain, err = clientv3.New(clientv3.Config{Endpoints: r.cluster.Endpoints(), Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	r.ends = append(r.ends, func() { _ = r.plain.Close() })
	for key, value := range map[string]string{profileKey: start(profileName), lockKey: unlocked} {
		if _, err := r.plain.Put(ctx, key, value); err != nil {
			return err
		}
	}
	for _, endpoint := range r.cluster.Endpoints() {
		if r.Between != nil {
			var end func()
			if endpoint, end, err = r.Between(endpoint); err != nil {
				return err
			}
			r.ends = append(r.ends, end)
		}
		r.direct = append(r.direct, endpoint)
	}
	return r.addClients()
}

func (r *run) addClients() error {
	var marks atomic.Int64
	insert := r.Insert
	if insert == nil {
		insert = insertion
	}
	for number := range r.Writers + r.Readers {
		c := &client{
			chooser: chooser{book: r.book, random: r.dice(uint64(100 + number)), marks: &marks, limit: maxRules},
			number:  number, reads: number >= r.Writers, began: r.began, direct: r.direct, insert: insert,
			quiet: &r.quiet,
		}
		proxies := make([]*proxy, len(r.direct))
		for i, endpoint := range r.direct {
			p, err := newProxy(strings.TrimPrefix(endpoint, "http://"), r.faults, c.giveUp)
			if err != nil {
				return err
			}
			r.ends = append(r.ends, p.close)
			proxies[i] = p
			c.through = append(c.through, p.endpoint())
		}
		r.proxies = append(r.proxies, proxies)
		r.clients = append(r.clients, c)
	}
	return nil
}

// operate lets everybody work for the duration of the run.
func (r *run) operate(hard context.Context, result *Result) (err error) {
	stop, cancel := context.WithTimeout(hard, r.Duration)
	defer cancel()
	var working, raging sync.WaitGroup
	errs := make(chan error, len(r.clients)+2)
	for _, c := range r.clients {
		working.Go(func() { errs <- c.work(stop, hard) })
	}
	working.Go(func() { r.rest(stop) })
	b := &bystander{client: r.plain, random: r.dice(1)}
	working.Go(func() { errs <- b.live(stop, hard) })
	n := &nemesis{cluster: r.cluster, faults: r.faults, cut: r.cutMember}
	raging.Go(func() { result.Leaders, result.Stall = n.watch(stop) })
	raging.Go(func() {
		if !r.Calm {
			errs <- n.rage(stop)
		}
	})
	raging.Wait()
	r.heal()
	working.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	return err
}

// rest lets most writers rest now and then, and all go slowly, with many more
// faults: a write that is late finds the profile as it was only when nobody else
// is at work.
func (r *run) rest(ctx context.Context) {
	random := r.dice(2)
	for pace(ctx, 2*time.Second+time.Duration(random.Int64N(int64(3*time.Second)))) {
		r.quiet.Store(true)
		r.faults.times(5)
		pace(ctx, time.Second+time.Duration(random.Int64N(int64(2*time.Second))))
		r.faults.times(1)
		r.quiet.Store(false)
	}
}

// cutMember ends all connections to a member.
func (r *run) cutMember(member int) {
	for _, proxies := range r.proxies {
		proxies[member].cut()
	}
}

// heal ends all faults, so that what is under way comes to its end.
func (r *run) heal() {
	r.faults.end()
	for member := range r.direct {
		r.cutMember(member)
	}
}

// operations returns all records, numbered in the order of their calls.
func (r *run) operations() []*Op {
	var all []*Op
	for _, c := range r.clients {
		all = append(all, c.ops...)
	}
	sortBy(all, func(o *Op) int64 { return int64(o.Call) })
	for i, o := range all {
		o.Number = i + 1
	}
	return all
}

func (r *run) close() {
	for i := len(r.ends) - 1; i >= 0; i-- {
		r.ends[i]()
	}
}
