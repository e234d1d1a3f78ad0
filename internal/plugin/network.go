//go:build linux

package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/calicoctl/calicoctl/internal/engine"
	"github.com/calicoctl/calicoctl/internal/ipam"
	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// networkDriver answers the requests of Docker's network driver.
type networkDriver struct{ *Driver }

func (d networkDriver) handlers() map[string]handler {
	return map[string]handler{
		"NetworkDriver.GetCapabilities":  handle(removeLimit, d.capabilities),
		"NetworkDriver.CreateNetwork":    handle(makeLimit, d.createNetwork),
		"NetworkDriver.DeleteNetwork":    handle(removeLimit, d.deleteNetwork),
		"NetworkDriver.CreateEndpoint":   handle(makeLimit, d.createEndpoint),
		"NetworkDriver.EndpointOperInfo": handle(makeLimit, d.operInfo),
		"NetworkDriver.Join":             handle(makeLimit, d.join),
		"NetworkDriver.Leave":            handle(removeLimit, d.leave),
		"NetworkDriver.DeleteEndpoint":   handle(removeLimit, d.deleteEndpoint),
	}
}

func (networkDriver) capabilities(context.Context, empty, *note) (any, error) {
	return map[string]string{"Scope": "local", "ConnectivityScope": "global"}, nil
}

// createNetwork makes the profile of a network, or attaches it to the profile that
// it names.
func (d networkDriver) createNetwork(ctx context.Context, in createNetworkRequest, n *note) (any, error) {
	n.add("network", in.NetworkID)
	if !resolve.IsID(in.NetworkID) {
		return nil, fmt.Errorf("%q is not the ID of a network", in.NetworkID)
	}
	network, err := networkOptions(in.NetworkID, in.Options)
	if err != nil {
		return nil, err
	}
	data := slices.Concat(in.IPv4Data, in.IPv6Data)
	if err := checkIPAM(data...); err != nil {
		return nil, err
	}
	for _, each := range data {
		if each.Pool != "0.0.0.0/0" && each.Pool != "::/0" {
			network.Subnets = append(network.Subnets, each.Pool)
		}
	}
	if err := d.serving(ctx); err != nil {
		return nil, err
	}
	n.add("profile", network.Profile)
	_, known := d.state.Network(in.NetworkID)
	if err := d.state.SetNetwork(in.NetworkID, &network); err != nil {
		return nil, err
	}
	made, err := d.profiles.Ensure(ctx, network.Profile)
	if err != nil {
		if !known && ctx.Err() == nil { // else it may be there, and the collector looks
			err = errors.Join(err, d.state.SetNetwork(in.NetworkID, nil))
		}
		return nil, err
	}
	n.add("made", made)
	return empty{}, nil
}

// deleteNetwork removes a network's own profile. Docker ignores an error, and its
// network is gone all the same: what could not be done, the collector does.
func (d networkDriver) deleteNetwork(ctx context.Context, in deleteNetworkRequest, n *note) (any, error) {
	n.add("network", in.NetworkID)
	removed, err := d.RemoveNetwork(ctx, in.NetworkID)
	n.add("removed", removed)
	return empty{}, err
}

// RemoveNetwork removes what is kept of a network that Docker does not have any
// more: its own profile, while nothing uses it, and the entry in the state file.
// It reports whether a profile was removed.
func (d *Driver) RemoveNetwork(ctx context.Context, id string) (bool, error) {
	network, known := d.state.Network(id)
	if !known && !resolve.IsID(id) {
		return false, nil
	}
	if known && !network.Own {
		return false, d.state.SetNetwork(id, nil)
	}
	if known {
		network.Removed = true
		if err := d.state.SetNetwork(id, &network); err != nil {
			return false, err
		}
	}
	removed, err := d.profiles.Remove(ctx, id, func(document []byte) error { return d.keep(id, document) })
	if err != nil {
		return false, err
	}
	return removed, d.state.SetNetwork(id, nil)
}

// keep writes down the profile that is going to be removed, since "undo" finds it
// only until etcd is compacted.
func (d *Driver) keep(id string, document []byte) error {
	if err := os.MkdirAll(d.settings.RemovedDir, 0o700); err != nil {
		return err
	}
	name := filepath.Join(d.settings.RemovedDir, id+"."+time.Now().UTC().Format("20060102T150405Z")+".json")
	if err := writeFile(name, append(slices.Clone(document), '\n')); err != nil {
		return fmt.Errorf("the profile cannot be kept in %s, so it is not removed: %w", d.settings.RemovedDir, err)
	}
	d.log.Info("profile removed with its network", "profile", id, "kept", name, "document", string(document))
	return nil
}

// network returns what is known of a network: from the state file, or else from
// Docker, or else what its ID says.
func (d *Driver) network(ctx context.Context, id string) Network {
	if n, known := d.state.Network(id); known {
		return n
	}
	ctx, cancel := context.WithTimeout(ctx, engineLimit)
	defer cancel()
	place, err := d.engine.Find(ctx, id, "")
	if err != nil {
		d.log.Warn("the network is not in the state file, and Docker did not tell its options", "network", id, "error", err)
		return Network{Profile: id, Own: true}
	}
	n := Remember(place.Network)
	if err := d.state.SetNetwork(id, &n); err != nil {
		d.log.Warn("the network is not remembered", "network", id, "error", err)
	}
	return n
}

// Remember returns what the driver would have remembered of a network of its own,
// from what Docker says of it.
func Remember(in engine.Network) Network {
	n := Network{Profile: in.ID, Own: true, Internal: in.Internal, Subnets: asked(in.Subnets)}
	if profile := in.Options[optionProfile]; profile != "" {
		n.Profile, n.Own = profile, false
	}
	return n
}

// asked leaves out what stands for all pools.
func asked(subnets []string) []string {
	return slices.DeleteFunc(slices.Clone(subnets), func(s string) bool { return s == "0.0.0.0/0" || s == "::/0" })
}

// ranges returns the prefixes that a network without a gateway reaches.
func (d *Driver) ranges(ctx context.Context, n Network) ([]string, error) {
	if len(n.Subnets) > 0 {
		return n.Subnets, nil
	}
	plan, err := d.addresses.Plan(ctx)
	if err != nil {
		return nil, err
	}
	return poolRanges(plan.Pools), nil
}

func poolRanges(pools []ipam.Pool) []string {
	var all []string
	for _, p := range pools {
		all = append(all, p.CIDR.String())
	}
	return all
}
