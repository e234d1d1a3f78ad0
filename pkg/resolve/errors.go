package resolve

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrNoEngine says that there is no Docker engine here: the file of its unix
// socket does not exist. [Engine.Networks] returns it with the path; test for
// it with errors.Is.
var ErrNoEngine = errors.New("no Docker engine")

var (
	_ error = (*AmbiguousError)(nil)
	_ error = (*EngineError)(nil)
)

// AmbiguousError says that a word fits several networks, so that it does not
// say which one is meant. [Networks.Find] returns it.
type AmbiguousError struct {
	// Word is what was looked up.
	Word string
	// Networks are all those that the word fits, sorted by ID.
	Networks []Network
}

func newAmbiguousError(word string, fits []Network) *AmbiguousError {
	fits = slices.Clone(fits)
	slices.SortFunc(fits, func(a, b Network) int { return strings.Compare(a.ID, b.ID) })
	return &AmbiguousError{Word: word, Networks: fits}
}

// Error names the word and the full IDs of all networks that it fits. Text that
// is not ours is escaped, so that it is safe to print on a terminal.
func (e *AmbiguousError) Error() string {
	fact := "is the name of"
	if !e.sameName() {
		fact = "begins the IDs of"
	}
	return fmt.Sprintf("%s %s %d Docker networks: %s; give the full ID",
		strconv.Quote(e.Word), fact, len(e.Networks), strings.Join(e.choices(), ", "))
}

// sameName tells whether the word fits as a name. As a prefix it fits only
// where no network has it for a name.
func (e *AmbiguousError) sameName() bool {
	return !slices.ContainsFunc(e.Networks, func(network Network) bool { return network.Name != e.Word })
}

// choices are the networks to choose from, by ID, and by name as well where the
// names tell them apart.
func (e *AmbiguousError) choices() []string {
	choices := make([]string, 0, len(e.Networks))
	for _, network := range e.Networks {
		choice := plain(network.ID)
		if network.Name != e.Word {
			choice += " (" + strconv.Quote(network.Name) + ")"
		}
		choices = append(choices, choice)
	}
	return choices
}

// EngineError says that a Docker engine is there, or should be, and that its
// networks could not be had. It is returned by [FromEnvironment], if the
// environment does not name an engine properly, and by the calls of [Engine].
type EngineError struct {
	// Host is the engine's address in the form of DOCKER_HOST, without user info
	// and query. It is empty if the address is not known or was not parsed.
	Host string
	// Context is the Docker context that names the engine, empty if none does.
	Context string
	// Proxy is the URL of the proxy that the request went through, without user
	// info; empty for none.
	Proxy string
	// Err is a short reason. It wraps what the operating system or
	// the network said, if anything: fs.ErrPermission, syscall.ECONNREFUSED, or
	// os.ErrDeadlineExceeded if the engine did not answer in time.
	Err error
}

// Error is one short line with the engine and the reason, safe to print on a
// terminal.
func (e *EngineError) Error() string {
	why := "failed"
	if e.Err != nil {
		why = oneLine(e.Err.Error())
	}
	engine := "Docker engine"
	if e.Host != "" {
		engine += " at " + plain(e.Host)
	}
	if e.Context != "" {
		engine += " of Docker context " + strconv.Quote(e.Context)
	}
	if e.Proxy != "" {
		engine += " through the proxy " + plain(e.Proxy)
		why += " (the proxy may be the cause; NO_PROXY names hosts that need none)"
	}
	return engine + ": " + why
}

// Unwrap returns the reason.
func (e *EngineError) Unwrap() error { return e.Err }
