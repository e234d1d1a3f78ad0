// Package resolve answers who is who: which Docker network has a name, and
// which name leads to a network.
//
// A Docker network is known to Calico by its ID, 64 hexadecimal digits (25 digits
// and letters for a network of a swarm) that nobody types. People give its name, or
// the beginning of its ID that "docker network ls" prints. [Engine.Networks] asks a Docker engine once for all its
// networks, and the [Networks] it returns looks names up without a further request:
//
//	engine, err := resolve.FromEnvironment(ctx, os.Getenv)
//	if err != nil {
//		return err
//	}
//	defer engine.Close()
//	networks, err := engine.Networks(ctx)
//	if err != nil && !errors.Is(err, resolve.ErrNoEngine) {
//		return err
//	}
//	network, ok, err := networks.Find("databases")
//
// A word means, in this order,
//
//  1. the network with exactly this ID,
//  2. the network with exactly this name,
//  3. the only network whose ID begins with it, if it has at least 12 digits
//     and lower-case letters.
//
// Docker lets two networks have one name, and lets a network be named like
// another one's ID. Where a word fits several networks equally well, the answer
// is an [AmbiguousError] and never a guess; and [Networks.Name] turns an ID into
// a name only if that name leads back to the ID.
//
// A network of Calico's driver may share a profile with networks of other hosts
// instead: [Network.ProfileID] says which profile is a network's, and
// [Networks.OfProfile] which networks have a profile.
//
// [Engine.Containers] does the same for containers and their addresses.
//
// Docker's own search is not used, because its name and id filters are regular
// expressions that match anywhere in the text.
package resolve
