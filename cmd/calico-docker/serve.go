//go:build linux

package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/calicoctl/calicoctl/internal/claim"
	"github.com/calicoctl/calicoctl/internal/collect"
	"github.com/calicoctl/calicoctl/internal/endpoint"
	"github.com/calicoctl/calicoctl/internal/engine"
	"github.com/calicoctl/calicoctl/internal/felix"
	"github.com/calicoctl/calicoctl/internal/ipam"
	"github.com/calicoctl/calicoctl/internal/kv"
	"github.com/calicoctl/calicoctl/internal/plugin"
)

// finish is how long requests under way may take after SIGTERM: the longest that
// a request takes.
const finish = 11 * time.Second

// serve answers Docker until ctx ends. It waits neither for etcd nor for Docker.
func (p *program) serve(ctx context.Context) error {
	cfg, err := p.etcdConfig(ctx)
	if err != nil {
		return err
	}
	node, err := p.nodeName()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.options.stateDir, 0o700); err != nil {
		return err
	}
	locked, err := lock(p.options.stateDir)
	if err != nil {
		return err
	}
	defer locked.Close()
	state, err := plugin.OpenState(p.statePath("networks.json"))
	if err != nil {
		return err
	}
	docker, err := engine.New(p.options.docker)
	if err != nil {
		return err
	}
	boot, err := felix.BootTime()
	if err != nil {
		return err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	connection, err := connect(life, cfg, p.log)
	if err != nil {
		return err
	}
	defer connection.close()
	s := &service{
		program: p, node: node, state: state, engine: docker, connection: connection,
		claim: claim.New(node, claim.Me(p.options.stateDir), p.log), boot: boot,
	}
	return s.run(ctx, life, end)
}

// A service is the driver with all that it needs.
type service struct {
	program    *program
	node       string
	state      *plugin.State
	engine     *engine.Engine
	connection *connection
	claim      *claim.Claim
	boot       time.Time
}

// run serves until ctx ends, finishes the requests under way, and then ends what
// works in the background, whose context is life.
func (s *service) run(ctx, life context.Context, end context.CancelFunc) error {
	log, o := s.program.log, s.program.options
	store := kv.New(s.connection)
	parts := plugin.Parts{
		Addresses: ipam.New(store, s.node), Endpoints: endpoint.New(store), Profiles: profiles{s.connection},
		Engine: s.engine, State: s.state, KV: store, Serving: s.claim.Wait, Explain: s.connection.explain, Log: log,
	}
	driver := plugin.New(plugin.Settings{
		Node: s.node, AllowUnenforced: o.unenforced, FelixDir: o.felixDir, MTUFile: o.mtuFile,
		RemovedDir: s.program.statePath("removed"), Boot: s.boot, FelixWait: o.felixWait,
	}, parts)
	listeners, err := listen(o.pluginDir, s.program.getenv)
	if err != nil {
		return err
	}
	servers, failed := serveAll(map[string]http.Handler{mainSocket: driver.Handler(), ipamSocket: driver.IPAMHandler()}, listeners)
	var background sync.WaitGroup
	lost := make(chan error, 1)
	background.Go(func() { lost <- s.hold(life) })
	background.Go(func() { driver.OpenHeld(life) })
	background.Go(func() { s.collector(parts, driver).Run(life) })
	background.Go(func() { driver.IdentifyEngine(life) })
	s.ready(log)
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	case err = <-lost:
	}
	log.Info("ending", "reason", context.Cause(ctx), "error", err)
	_ = notify(s.program.getenv, "STOPPING=1") // systemd sees the end as well
	shutdown(servers, log)
	end()
	background.Wait()
	return err
}

// ready tells that the sockets answer.
func (s *service) ready(log *slog.Logger) {
	log.Info("serving", "node", s.node, "sockets", s.program.options.pluginDir, "docker", s.engine.Host(), "version", version)
	if s.program.options.unenforced {
		log.Warn("--allow-unenforced: containers start also when Felix enforces no policy on this host")
	}
	if err := notify(s.program.getenv, "READY=1"); err != nil {
		log.Warn("systemd was not told that the driver is ready", "error", err)
	}
}

// hold keeps the node's name.
func (s *service) hold(ctx context.Context) error {
	if err := s.connection.wait(ctx); err != nil {
		return err
	}
	return s.claim.Hold(ctx, s.connection.conn.Client)
}

func (s *service) collector(parts plugin.Parts, driver *plugin.Driver) *collect.Collector {
	return &collect.Collector{
		Node: s.node, Engine: s.engine, Endpoints: parts.Endpoints, Addresses: parts.Addresses, State: s.state,
		Driver: driver, Mine: s.claim.Err, Apart: s.program.options.collect, Now: time.Now, Log: s.program.log,
	}
}

func serveAll(handlers map[string]http.Handler, listeners map[string]net.Listener) ([]*http.Server, <-chan error) {
	failed := make(chan error, len(handlers))
	var servers []*http.Server
	for name, handler := range handlers {
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		servers = append(servers, server)
		go func() {
			if err := server.Serve(listeners[name]); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		}()
	}
	return servers, failed
}

// shutdown finishes the requests under way.
func shutdown(servers []*http.Server, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), finish)
	defer cancel()
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			log.Warn("a request under way was cut off", "error", err)
		}
	}
}
