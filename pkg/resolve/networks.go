package resolve

import (
	"cmp"
	"slices"
	"strings"
)

const (
	// idLength is the number of digits in the ID of a network that an engine
	// made itself. Those of a swarm have IDs of another form.
	idLength = 64
	// prefixLength is what "docker network ls" prints of an ID, and the least
	// that is taken for the beginning of one: fewer digits are too easily a name.
	prefixLength = 12
)

// Network is a Docker network.
type Network struct {
	// ID is what the engine and Calico call the network: 64 lower-case
	// hexadecimal digits, except for the networks of a swarm.
	ID string
	// Name is what people call it. It may be any text, control characters
	// included, and other networks may have the same.
	Name string
	// Driver is the plugin that runs the network, such as bridge; empty if it is
	// not known.
	Driver string
	// Profile is the profile that Calico's driver was told to attach the network
	// to, with --opt profile=NAME; empty if there was no such option. See
	// [Network.ProfileID].
	Profile string
}

// Networks is the list of networks that an engine answered once. It does not
// change, may be used by several goroutines, and a nil *Networks is a list
// without networks.
type Networks struct {
	sorted []Network // by name, then ID
	byID   map[string]Network
	byName map[string][]Network
	// byProfile holds the networks that name their profile.
	byProfile map[string][]Network
}

// NewNetworks makes a list to look up in, in whatever order the networks come.
// A network without an ID is left out, as there is nothing that it could lead
// to.
func NewNetworks(list []Network) *Networks {
	n := &Networks{
		sorted: slices.Clone(list),
		byID:   make(map[string]Network, len(list)),
		byName: make(map[string][]Network, len(list)),

		byProfile: map[string][]Network{},
	}
	n.sorted = slices.DeleteFunc(n.sorted, func(network Network) bool { return network.ID == "" })
	slices.SortFunc(n.sorted, byNameThenID)
	// The same network told twice is one network, not an ambiguous name.
	n.sorted = slices.Compact(n.sorted)
	for _, network := range n.sorted {
		if _, twice := n.byID[network.ID]; !twice {
			n.byID[network.ID] = network
		}
		n.byName[network.Name] = append(n.byName[network.Name], network)
		if network.Profile != "" {
			n.byProfile[network.Profile] = append(n.byProfile[network.Profile], network)
		}
	}
	return n
}

// Find returns the network that a word means: the one with this full ID, or
// else with this exact name, or else the only one whose ID begins with it, if
// the word has at least 12 digits and lower-case letters. ok is false if there
// is none, as for the empty word.
//
// If two networks have this name, or several IDs begin with the word, err is an
// [*AmbiguousError] that holds all of them, and ok is false. There are no other
// errors.
func (n *Networks) Find(word string) (net Network, ok bool, err error) {
	if n == nil || word == "" {
		return Network{}, false, nil
	}
	if network, known := n.byID[word]; known {
		return network, true, nil
	}
	fits := n.byName[word]
	if len(fits) == 0 {
		fits = n.withPrefix(word)
	}
	switch len(fits) {
	case 0:
		return Network{}, false, nil
	case 1:
		return fits[0], true, nil
	}
	return Network{}, false, newAmbiguousError(word, fits)
}

// withPrefix returns the networks whose IDs begin with a word that can be the
// beginning of an ID.
func (n *Networks) withPrefix(word string) []Network {
	if len(word) < prefixLength || len(word) > idLength || !isOf(word, idCharacters) {
		return nil
	}
	var fits []Network
	for id, network := range n.byID {
		if strings.HasPrefix(id, word) {
			fits = append(fits, network)
		}
	}
	return fits
}

// Name returns the name of the network with this full ID. ok is false if there
// is no such network, and also if [Networks.Find] would not lead from the name
// back to exactly this ID: because another network has the same name, because
// the name is another network's ID, or because it is empty.
func (n *Networks) Name(id string) (name string, ok bool) {
	if n == nil {
		return "", false
	}
	network, known := n.byID[id]
	if !known {
		return "", false
	}
	back, found, err := n.Find(network.Name)
	if err != nil || !found || back.ID != id {
		return "", false
	}
	return network.Name, true
}

// All returns every network, sorted by name and then by ID. The slice is the
// caller's.
func (n *Networks) All() []Network {
	if n == nil {
		return nil
	}
	return slices.Clone(n.sorted)
}

// IsID tells whether a word has the form of a full network ID that an engine
// made itself: 64 lower-case hexadecimal digits. A network need not exist, and a
// network may have such a word for its name.
func IsID(word string) bool {
	return len(word) == idLength && isOf(word, hexDigits)
}

// IsPrefix tells whether a word can be the beginning of an ID as [IsID] takes it,
// or all of it.
func IsPrefix(word string) bool {
	return prefixLength <= len(word) && len(word) <= idLength && isOf(word, hexDigits)
}

const (
	hexDigits = "0123456789abcdef"
	// idCharacters are those of all IDs: a swarm's have 25 digits and letters.
	idCharacters = hexDigits + "ghijklmnopqrstuvwxyz"
)

func isOf(word, characters string) bool { return strings.Trim(word, characters) == "" }

func byNameThenID(a, b Network) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}
