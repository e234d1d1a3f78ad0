// Package felix tells what Felix, which enforces Calico's policy on a host, says
// of itself: in etcd that it runs, and in files which endpoints it has done.
package felix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// DefaultDir is where Felix keeps its files.
const DefaultDir = "/var/run/calico"

// poll is how often a file is looked for.
const poll = 3 * time.Millisecond

// StatusKey returns the key under which the Felix of a node reports, with a lease
// of about 90 seconds.
func StatusKey(node string) string {
	return "/calico/felix/v2/no-region/host/" + node + "/status"
}

// A Report is what Felix says of itself.
type Report struct {
	Time   time.Time     // of the report
	Uptime time.Duration // of Felix
}

// DecodeReport reads the value of a [StatusKey].
func DecodeReport(document []byte) (Report, error) {
	var d struct {
		Time   string  `json:"time"`
		Uptime float64 `json:"uptime"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return Report{}, err
	}
	at, err := time.Parse(time.RFC3339, d.Time)
	if err != nil {
		return Report{}, errors.New("it says no time")
	}
	return Report{Time: at, Uptime: time.Duration(d.Uptime * float64(time.Second))}, nil
}

// An AbsentError says that nothing enforces policy on a node.
type AbsentError struct {
	Node   string
	Reason string
}

// Error says what to do.
func (e *AbsentError) Error() string {
	return fmt.Sprintf("Felix enforces no policy on node %s: %s; start calico/node here with NODENAME=%s", e.Node, e.Reason, e.Node)
}

// Check returns an [*AbsentError] unless a report, nil if there is none, shows that
// Felix runs: it was made after this host has booted.
func Check(node string, report []byte, boot time.Time) error {
	if report == nil {
		return &AbsentError{Node: node, Reason: "it does not report in etcd (key " + StatusKey(node) + ")"}
	}
	r, err := DecodeReport(report)
	switch {
	case err != nil:
		return &AbsentError{Node: node, Reason: "its report in etcd (key " + StatusKey(node) + ") cannot be read: " + err.Error()}
	case r.Time.Before(boot.Truncate(time.Second)):
		return &AbsentError{Node: node, Reason: fmt.Sprintf("its last report, of %s, is older than the start of this host at %s",
			r.Time.UTC().Format(time.RFC3339), boot.UTC().Format(time.RFC3339))}
	}
	return nil
}

// BootTime returns when this host has booted.
func BootTime() (time.Time, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}, err
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, "btime "); found {
			seconds, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return time.Unix(seconds, 0), err
		}
	}
	return time.Time{}, errors.New("/proc/stat says no btime")
}

// StatusFile returns the file that Felix writes once the policy of one of Docker's
// endpoints is in place.
func StatusFile(dir, endpoint string) string {
	return filepath.Join(dir, "endpoint-status", "libnetwork "+url.PathEscape("libnetwork/libnetwork")+" "+endpoint)
}

// Wait waits until the policy of an endpoint is in place, or ctx ends.
func Wait(ctx context.Context, dir, endpoint string) error {
	file := StatusFile(dir, endpoint)
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if _, err := os.Stat(file); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
