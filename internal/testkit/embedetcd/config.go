package embedetcd

import (
	"io"
	"net/url"
	"os"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc/grpclog"
)

// The timing of Options.Fast, in milliseconds. etcd wants an election to last
// at least five ticks. A lone member cannot lose an election, so the shorter
// the better; several members must not depose a leader that a busy machine
// merely kept waiting.
const (
	soleTick       = 10
	soleElection   = 50
	memberTick     = 25
	memberElection = 250
)

// fastBcrypt is the least work to check a password that the algorithm knows;
// etcd's default takes a tenth of a second.
const fastBcrypt = 4

// walSegment is the size to which each file of the write-ahead log is allocated
// beforehand. etcd takes 64 MB twice per server, too much for tests that run
// dozens of servers in a temporary directory, which may be in memory.
const walSegment = 4 << 20

// Quiet makes the settings of the process for which the libraries have no other
// place: gRPC, which takes a cut connection for an error worth a line on the
// standard error, is silenced unless GRPC_GO_LOG_SEVERITY_LEVEL is set, and the
// write-ahead logs take less room. Neither is guarded by a lock, so a program
// calls it first of all. Without it servers work the same.
func Quiet() {
	wal.SegmentSizeBytes = walSegment
	if os.Getenv("GRPC_GO_LOG_SEVERITY_LEVEL") == "" {
		grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
	}
}

// config is what member m would be told by etcd's flags; see flags.
func (c *Cluster) config(m *member, joins bool) *embed.Config {
	cfg := embed.NewConfig()
	cfg.Name = m.name
	cfg.Dir = m.dir
	cfg.InitialCluster = c.initial
	if joins {
		cfg.ClusterState = embed.ClusterStateFlagExisting
	}
	cfg.ListenPeerUrls = []url.URL{*m.peerURL()}
	cfg.AdvertisePeerUrls = cfg.ListenPeerUrls
	cfg.ListenClientUrls = []url.URL{*m.clientURL()}
	cfg.AdvertiseClientUrls = cfg.ListenClientUrls
	cfg.SocketOpts.ReusePort = reusePort
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(newLogger(c.opts.Log))
	if c.opts.MaxRequestBytes > 0 {
		cfg.MaxRequestBytes = c.opts.MaxRequestBytes
	}
	if c.opts.ClientTLS != nil {
		cfg.ClientTLSInfo = *c.opts.ClientTLS
		// With HTTP/1 on the same port etcd would answer gRPC through
		// net/http, which cannot be cut off; so HTTP/1 gets a port of
		// its own, any port, as nobody uses it.
		cfg.ListenClientHttpUrls = []url.URL{*loopbackURL("https", 0)}
		cfg.EnableGRPCGateway = false
	}
	if c.opts.Fast {
		cfg.UnsafeNoFsync = true
		cfg.BcryptCost = fastBcrypt
		cfg.TickMs, cfg.ElectionMs = c.timing()
	}
	return cfg
}

// timing returns the milliseconds between two ticks and of an election.
func (c *Cluster) timing() (tick, election uint) {
	if len(c.members) == 1 {
		return soleTick, soleElection
	}
	return memberTick, memberElection
}

// newLogger returns etcd's logger, see Options.Log. It is never a silent one:
// etcd ends the process after some messages, which must not go unexplained.
func newLogger(w io.Writer) *zap.Logger {
	level := zapcore.ErrorLevel
	if w == nil {
		w, level = os.Stderr, zapcore.DPanicLevel
	}
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	sink := zapcore.Lock(zapcore.AddSync(w))
	return zap.New(zapcore.NewCore(encoder, sink, level), zap.ErrorOutput(sink))
}
