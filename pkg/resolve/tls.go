package resolve

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/docker/go-connections/tlsconfig"
)

// The names of the files of TLS in a directory of Docker.
const (
	caFile   = "ca.pem"
	certFile = "cert.pem"
	keyFile  = "key.pem"
)

// longestFile bounds the files that are read. Those that Docker writes have a few
// kilobytes.
const longestFile = 1 << 20

// tlsData is what a connection with TLS needs. What is missing is nil.
type tlsData struct {
	directory     string
	ca, cert, key []byte
	skipVerify    bool
}

func (d *tlsData) isEmpty() bool {
	return d.ca == nil && d.cert == nil && d.key == nil && !d.skipVerify
}

// readTLS reads the files of a directory that are there.
func readTLS(directory string, skipVerify bool) (*tlsData, error) {
	data := &tlsData{directory: directory, skipVerify: skipVerify}
	for name, content := range map[string]*[]byte{caFile: &data.ca, certFile: &data.cert, keyFile: &data.key} {
		var err error
		if *content, err = readFile(filepath.Join(directory, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return data, nil
}

// config returns the configuration of a connection.
func (d *tlsData) config() (*tls.Config, error) {
	config := tlsconfig.ClientDefault()
	config.InsecureSkipVerify = d.skipVerify
	if d.ca != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(d.ca) {
			return nil, fmt.Errorf("%s holds no certificate", filepath.Join(d.directory, caFile))
		}
	}
	if d.cert != nil && d.key != nil {
		pair, err := tls.X509KeyPair(d.cert, d.key)
		if err != nil {
			return nil, fmt.Errorf("%s and %s in %s do not make a client certificate: %w", certFile, keyFile, d.directory, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// readFile reads a regular file of a reasonable size. Anything else, such as a
// pipe without a writer or a device without an end, is not read.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, longestFile+1))
	if err != nil {
		return nil, fileError(path, err)
	}
	if len(content) > longestFile {
		return nil, fmt.Errorf("%s is longer than %d MiB", path, longestFile>>20)
	}
	return content, nil
}

// fileError says which file could not be read and why. A path below a file is
// one that does not exist.
func fileError(path string, err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		err = fs.ErrNotExist
	}
	var detail *fs.PathError
	if errors.As(err, &detail) {
		err = detail.Err
	}
	return fmt.Errorf("%s cannot be read: %w", path, err)
}
