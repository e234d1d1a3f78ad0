package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker/docker/client"
)

// The variables of the docker command that Docker's client does not name.
const (
	envContext = "DOCKER_CONTEXT"
	envConfig  = "DOCKER_CONFIG"
	envTLS     = "DOCKER_TLS"
)

// A target is an engine to connect to, as the environment names it.
type target struct {
	address  address
	context  string   // name of the Docker context, empty if none is used
	tls      *tlsData // nil is plain text; of a socket it has to be there and is not used
	version  string   // of the API, empty if it is negotiated
	warnings []string
}

// FromEnvironment returns the engine that the docker command would use:
// DOCKER_HOST, else the context DOCKER_CONTEXT, else the current context of its
// configuration (DOCKER_CONFIG, or ~/.docker), else the engine on this host, with
// TLS as the context, or DOCKER_TLS_VERIFY, DOCKER_TLS and DOCKER_CERT_PATH say.
// getenv is [os.Getenv], or stands in for it. Nothing is dialled.
//
// If a setting cannot be used, or files cannot be read within two seconds, the
// error is an [*EngineError]. If ctx ends before, it wraps ctx.Err().
func FromEnvironment(ctx context.Context, getenv func(string) string) (*Engine, error) {
	type answer struct {
		engine *Engine
		err    error
	}
	done := make(chan answer, 1)
	go func() { // it is left alone if a file system hangs
		found, err := environment(getenv).target()
		if err != nil {
			done <- answer{nil, err}
			return
		}
		engine, err := newEngine(found)
		done <- answer{engine, err}
	}()
	limit := time.NewTimer(answerLimit)
	defer limit.Stop()
	select {
	case a := <-done:
		return a.engine, a.err
	case <-limit.C:
		return nil, &EngineError{Err: fmt.Errorf("its configuration could not be read in %v", answerLimit)}
	case <-ctx.Done():
		return nil, fmt.Errorf("reading the configuration of Docker: %w", ctx.Err())
	}
}

// An environment returns the value of a variable, empty if it is not set.
type environment func(string) string

// target chooses between the ways to name an engine, as the docker command does.
// The error is an *EngineError.
func (env environment) target() (target, error) {
	version := strings.TrimPrefix(env(client.EnvOverrideAPIVersion), "v")
	if version != "" && !isVersion(version) {
		return target{}, &EngineError{Err: errors.New("DOCKER_API_VERSION has to be a version such as 1.41")}
	}
	var t target
	var err error
	name := ""
	if env(client.EnvOverrideHost) == "" {
		if name, err = env.contextName(); err != nil {
			return target{}, &EngineError{Err: err}
		}
	}
	if name != "" {
		t, err = env.contextTarget(name)
	} else {
		t, err = env.hostTarget()
	}
	t.version = version
	return t, err
}

// hostTarget is the engine that DOCKER_HOST and the variables for TLS name. The
// error is an *EngineError.
func (env environment) hostTarget() (target, error) {
	verify := env(client.EnvTLSVerify) != ""
	secured := verify || env(envTLS) != ""
	host := client.DefaultDockerHost
	if secured {
		host = "tcp://localhost:2376"
	}
	if set := env(client.EnvOverrideHost); set != "" {
		host = withScheme(strings.TrimSpace(set))
	}
	addr, err := parseAddress(host, secured)
	if err != nil {
		return target{}, &EngineError{Err: fmt.Errorf("DOCKER_HOST: %w", err)}
	}
	t := target{address: addr}
	switch {
	case secured:
		directory := env(client.EnvOverrideCertPath)
		if directory == "" {
			if directory, err = env.configDirectory(); err != nil {
				return target{}, &EngineError{Host: addr.String(), Err: err}
			}
		}
		if t.tls, err = readTLS(directory, !verify); err == nil && t.tls.ca == nil {
			err = fmt.Errorf("there is no %s", filepath.Join(directory, caFile))
		}
		if err != nil {
			return target{}, &EngineError{Host: addr.String(), Err: err}
		}
	case addr.isSocket():
	case env(client.EnvOverrideCertPath) != "":
		t.warnings = append(t.warnings, "the Docker engine at "+addr.String()+
			" is asked in plain text, as by docker: DOCKER_CERT_PATH is set, but neither DOCKER_TLS_VERIFY nor DOCKER_TLS")
	}
	return t, nil
}

// configDirectory returns the directory of the docker command's configuration.
func (env environment) configDirectory() (string, error) {
	if directory := env(envConfig); directory != "" {
		return directory, nil
	}
	home := cmp.Or(env("HOME"), env("USERPROFILE"))
	if home == "" {
		known, err := user.Current()
		if err != nil || known.HomeDir == "" {
			return "", errors.New("the home directory is not known; set HOME or DOCKER_CONFIG")
		}
		home = known.HomeDir
	}
	return filepath.Join(home, ".docker"), nil
}
