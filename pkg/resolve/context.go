package resolve

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// defaultContext is the name of the context that stands for DOCKER_HOST or the
// engine on this host.
const defaultContext = "default"

// contextName returns the name of the context to use, empty for the default one.
// A configuration that cannot be read is an error, because it may name another
// engine.
func (env environment) contextName() (string, error) {
	name := env(envContext)
	if name == "" {
		directory, err := env.configDirectory()
		if err != nil {
			return "", nil // no configuration, no context
		}
		if name, err = currentContext(filepath.Join(directory, "config.json")); err != nil {
			return "", err
		}
	}
	if name == defaultContext {
		return "", nil
	}
	return name, nil
}

// currentContext reads which context the configuration of docker chooses.
func currentContext(file string) (string, error) {
	content, err := readFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var config struct{ CurrentContext string }
	if len(content) > 0 && json.Unmarshal(content, &config) != nil {
		return "", fmt.Errorf("%s is not the JSON of a Docker configuration", file)
	}
	return config.CurrentContext, nil
}

// contextTarget reads a context from the store of the docker command: a
// directory for each context, named by the hash of its name. The error is an
// *EngineError.
func (env environment) contextTarget(name string) (target, error) {
	t := target{context: name}
	directory, err := env.configDirectory()
	if err != nil {
		return t, &EngineError{Context: name, Err: err}
	}
	hash := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(hash[:])
	host, skipVerify, err := contextEndpoint(filepath.Join(directory, "contexts", "meta", id, "meta.json"))
	if err != nil {
		return t, &EngineError{Context: name, Err: err}
	}
	if t.tls, err = readTLS(filepath.Join(directory, "contexts", "tls", id, "docker"), skipVerify); err != nil {
		return t, &EngineError{Context: name, Err: err}
	}
	if t.tls.isEmpty() {
		t.tls = nil
	}
	if t.address, err = parseAddress(host, t.tls != nil); err != nil {
		return t, &EngineError{Context: name, Err: err}
	}
	return t, nil
}

// contextEndpoint reads the engine's address from the file of a context, and
// whether its certificate is not verified.
func contextEndpoint(file string) (host string, skipVerify bool, err error) {
	content, err := readFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, fmt.Errorf("it does not exist: there is no %s. \"docker context ls\" lists the contexts; "+
			"DOCKER_HOST names an engine without one", file)
	}
	if err != nil {
		return "", false, err
	}
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	if json.Unmarshal(content, &meta) != nil {
		return "", false, fmt.Errorf("%s is not the JSON of a Docker context", file)
	}
	endpoint, ok := meta.Endpoints["docker"]
	if !ok || endpoint.Host == "" {
		return "", false, fmt.Errorf("%s has no Docker endpoint", file)
	}
	return endpoint.Host, endpoint.SkipTLSVerify, nil
}
