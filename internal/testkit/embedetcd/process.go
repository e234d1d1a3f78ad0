package embedetcd

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// ProgramVariable is the environment variable that holds the path of an etcd
// server. Where it is set, servers are processes of that program, so that tests
// meet other versions than the one that they are built with.
const ProgramVariable = "CALICOCTL_TEST_ETCD"

// A process is a server that is a process of its own. What it has to tell it tells
// in its log, which is the same in etcd 3.4 to 3.7.
type process struct {
	name    string
	command *exec.Cmd
	serving chan struct{} // closed when clients are answered
	gone    chan struct{} // closed when the process has ended

	mu          sync.Mutex
	leader, own uint64
	ready       bool
	last        string // what it said last that was not usual
}

// flags are what config is for a server in this process.
func (c *Cluster) flags(m *member, joins bool) []string {
	flags := []string{
		"--name", m.name, "--data-dir", m.dir, "--initial-cluster", c.initial,
		"--listen-peer-urls", m.peerURL().String(), "--initial-advertise-peer-urls", m.peerURL().String(),
		"--listen-client-urls", m.clientURL().String(), "--advertise-client-urls", m.clientURL().String(),
		"--logger", "zap", "--log-outputs", "stderr", "--log-level", "info",
	}
	if joins {
		flags = append(flags, "--initial-cluster-state", "existing")
	}
	if t := c.opts.ClientTLS; t != nil {
		flags = append(flags, "--cert-file", t.CertFile, "--key-file", t.KeyFile)
		if t.ClientCertAuth {
			flags = append(flags, "--trusted-ca-file", t.TrustedCAFile, "--client-cert-auth")
		}
	}
	if c.opts.MaxRequestBytes > 0 {
		flags = append(flags, "--max-request-bytes", strconv.FormatUint(uint64(c.opts.MaxRequestBytes), 10))
	}
	if c.opts.Fast {
		tick, election := c.timing()
		flags = append(flags, "--unsafe-no-fsync", "--bcrypt-cost", strconv.Itoa(fastBcrypt),
			"--heartbeat-interval", strconv.Itoa(int(tick)), "--election-timeout", strconv.Itoa(int(election)))
	}
	return flags
}

// startProcess starts a server; log gets its errors.
func startProcess(program string, flags []string, log io.Writer) (server, error) {
	p := &process{name: flags[1], serving: make(chan struct{}), gone: make(chan struct{})}
	p.command = exec.Command(program, flags...)
	p.command.Env = withoutSettings(os.Environ())
	p.command.SysProcAttr = endsWithParent()
	output, err := p.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.read(output, log)
		_ = p.command.Wait()
		close(p.gone)
	}()
	return p, nil
}

// withoutSettings leaves out the variables that etcd takes for its own.
func withoutSettings(environment []string) []string {
	var rest []string
	for _, variable := range environment {
		if !strings.HasPrefix(variable, "ETCD_") {
			rest = append(rest, variable)
		}
	}
	return rest
}

// read follows the log until the process has ended.
func (p *process) read(output io.Reader, log io.Writer) {
	elected := regexp.MustCompile(`raft\.node: ([0-9a-f]+) (?:elected leader|changed leader from [0-9a-f]+ to|lost leader) ([0-9a-f]+)`)
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadBytes('\n')
		if log != nil && (bytes.Contains(line, []byte(`"level":"error"`)) || bytes.Contains(line, []byte(`"level":"fatal"`))) {
			_, _ = log.Write(line)
		}
		p.take(line, elected)
		if err != nil {
			return
		}
	}
}

func (p *process) take(line []byte, elected *regexp.Regexp) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := elected.FindSubmatch(line); found != nil {
		p.own, _ = strconv.ParseUint(string(found[1]), 16, 64)
		p.leader, _ = strconv.ParseUint(string(found[2]), 16, 64)
		if bytes.Contains(line, []byte("lost leader")) {
			p.leader = 0
		}
	}
	switch {
	case bytes.Contains(line, []byte("serving client")) && !p.ready:
		p.ready = true
		close(p.serving)
	case len(line) > 0 && !bytes.Contains(line, []byte(`"level":"info"`)):
		p.last = strings.TrimSpace(string(line))
	}
}

func (p *process) waitServing(ctx context.Context) error {
	select {
	case <-p.serving:
		return nil
	case <-p.gone:
		p.mu.Lock()
		defer p.mu.Unlock()
		return fmt.Errorf("%s: %s has ended: %s", p.name, p.command.Path, cmp.Or(p.last, "it does not say why"))
	case <-ctx.Done():
		return fmt.Errorf("%s does not serve yet: %w", p.name, ctx.Err())
	}
}

func (p *process) vote() (leader, own uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.leader, p.own
}

func (p *process) ended() <-chan struct{} { return p.gone }

func (p *process) kill() { _ = p.command.Process.Kill() }

func (p *process) waitGone() { <-p.gone }
