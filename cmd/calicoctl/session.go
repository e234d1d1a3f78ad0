package main

import (
	"context"
	"errors"
	"time"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A session is the connection of a command to the datastore, and the networks of Docker.
type session struct {
	app    *app
	store  *store.Store
	engine *resolve.Engine // nil when Docker is not to be asked, or is not known
	names  names.Directory
	stop   func() // see close
}

// connect opens the datastore while Docker answers.
func (a *app) connect(ctx context.Context) (*session, error) {
	cfg, warnings, err := etcd.LoadConfig(ctx, etcd.Sources{Flags: a.flags.etcd, LookupEnv: a.io.lookupEnv, File: a.flags.config, Write: a.writes})
	if err != nil {
		return nil, err
	}
	type opened struct {
		store *store.Store
		err   error
	}
	done := make(chan opened, 1)
	go func() {
		s, err := store.Open(ctx, cfg)
		done <- opened{s, err}
	}()
	s := &session{app: a, names: names.Directory{Literal: a.flags.literal}}
	if s.engine, s.names.Err = a.findEngine(ctx); s.engine != nil {
		warnings = append(warnings, s.engine.Warnings()...)
		s.names.Networks, s.names.Err = s.askDocker(ctx)
	}
	a.msg.Once(warnings)
	result := <-done
	s.store = result.store
	return s, result.err
}

// open starts the clock of a command, and connects it. The context ends with the
// command's time.
func open(ctx context.Context, a *app) (context.Context, *session, error) {
	ctx, stop := a.confirmation.guard(ctx)
	ctx, cancel := a.deadline(ctx)
	s, err := a.connect(ctx)
	if err != nil {
		cancel()
		stop()
		return ctx, nil, err
	}
	s.stop = func() {
		go func() { _ = s.store.Close() }() // the user does not wait for the end of the connection
		cancel()
		stop()
	}
	return ctx, s, nil
}

// close ends what open has started.
func (s *session) close() { s.stop() }

// inSession runs the work of a command while it is connected.
func inSession(ctx context.Context, a *app, work func(context.Context, *session) error) error {
	ctx, s, err := open(ctx, a)
	if err != nil {
		return err
	}
	defer s.close()
	return work(ctx, s)
}

// findEngine returns the engine that the environment names, nil when it must not
// be asked.
func (a *app) findEngine(ctx context.Context) (*resolve.Engine, error) {
	if a.flags.literal {
		return nil, nil
	}
	engine, err := resolve.FromEnvironment(ctx, a.io.getenv)
	if err != nil {
		a.log.Info("Docker", "error", err.Error())
		return nil, err
	}
	engine.LogTo(a.flags.etcd.Log)
	return engine, nil
}

// askDocker returns the networks of the Docker engine, or nothing without an
// error when there is no engine.
func (s *session) askDocker(ctx context.Context) (*resolve.Networks, error) {
	if s.app.dockerTime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.app.dockerTime)
		defer cancel()
	}
	start := time.Now()
	networks, err := s.engine.Networks(ctx)
	if err != nil {
		s.app.log.Info("Docker", "error", err.Error(), "took", time.Since(start))
	} else {
		s.app.log.Info("Docker", "networks", len(networks.All()), "took", time.Since(start))
	}
	if errors.Is(err, resolve.ErrNoEngine) {
		return nil, nil
	}
	return networks, err
}

// warnDocker says that names could not be looked up.
func (s *session) warnDocker() {
	switch {
	case s.names.Err == nil, errors.Is(s.names.Err, context.Canceled):
	case errors.Is(s.names.Err, context.DeadlineExceeded): // and with it the command's time
		s.app.msg.Printf("the Docker engine did not answer in %s (--timeout)", s.app.flags.timeout)
	default:
		s.app.msg.Printf("%v; names of Docker networks are not known", s.names.Err)
	}
}
