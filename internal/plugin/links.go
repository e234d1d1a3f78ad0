//go:build linux

package plugin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/calicoctl/calicoctl/internal/host"
)

// openEvery is how often held links are looked at.
const openEvery = 300 * time.Millisecond

// links knows which container has which endpoint, and which links are held.
type links struct {
	mu        sync.Mutex
	bySandbox map[string]string    // endpoint IDs; nil: not read yet
	held      map[string]host.Link // by endpoint ID
}

// load reads the links that are there, after the driver has started again. The
// caller holds the lock.
func (l *links) load() error {
	if l.bySandbox != nil {
		return nil
	}
	found, err := host.Links()
	if err != nil {
		return err
	}
	l.bySandbox, l.held = map[string]string{}, map[string]host.Link{}
	for id, link := range found {
		l.bySandbox[link.Sandbox] = id
		if link.Held {
			l.held[id] = link
		}
	}
	return nil
}

// take gives a container its endpoint, and refuses a second one: both would want
// the same default route.
func (l *links) take(sandbox, endpointID string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.load(); err != nil {
		return err
	}
	if other := l.bySandbox[sandbox]; other != "" && other != endpointID {
		return errors.New("the container is on a Calico network already, and cannot be on two; " +
			"make a third network whose profile allows inbound traffic from both, and attach it to that one")
	}
	l.bySandbox[sandbox] = endpointID
	return nil
}

func (l *links) hold(link host.Link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[link.Endpoint] = link
}

func (l *links) forget(endpointID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, endpointID)
	maps.DeleteFunc(l.bySandbox, func(_, id string) bool { return id == endpointID })
}

// waiting returns the links that are held.
func (l *links) waiting() ([]host.Link, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.load(); err != nil {
		return nil, err
	}
	return slices.Collect(maps.Values(l.held)), nil
}

// OpenHeld opens the links that are held once Felix reports, until ctx ends.
func (d *Driver) OpenHeld(ctx context.Context) {
	tick := time.NewTicker(openEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := d.openHeld(ctx); err != nil && ctx.Err() == nil {
				d.log.Warn("links are still held closed", "error", err)
			}
		}
	}
}

func (d *Driver) openHeld(ctx context.Context) error {
	held, err := d.links.waiting()
	if err != nil || len(held) == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, removeLimit)
	defer cancel()
	enforced, err := d.enforced(ctx, &note{})
	if err != nil || !enforced {
		return err
	}
	var all error
	for _, link := range held {
		all = errors.Join(all, d.open(ctx, link))
	}
	return all
}

func (d *Driver) open(ctx context.Context, link host.Link) error {
	e, found, err := d.endpoints.Get(ctx, d.settings.Node, link.Endpoint)
	if err != nil {
		return err
	}
	if !found {
		d.links.forget(link.Endpoint)
		return fmt.Errorf("the endpoint %s is gone; its link stays closed", link.Endpoint)
	}
	link.Addresses = e.Addresses
	if err := host.Open(link); err != nil {
		return err
	}
	d.links.mu.Lock()
	delete(d.links.held, link.Endpoint)
	d.links.mu.Unlock()
	d.log.Info("Felix reports, so the link is open", "endpoint", link.Endpoint, "interface", host.Name(link.Endpoint))
	return nil
}
