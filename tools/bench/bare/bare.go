// Package bare reads one key with etcd's client, and changes it, and does nothing
// else. The floors of the benchmark are made of it.
package bare

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

const patience = 10 * time.Second

// Get returns the value of a key, which must be there. The files are none, or
// those of TLS: the authority, the client's certificate and its key.
func Get(endpoint, key string, files []string) (string, error) {
	client, err := open(endpoint, files)
	if err != nil {
		return "", err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := client.Get(ctx, key)
	switch {
	case err != nil:
		return "", err
	case len(answer.Kvs) == 0:
		return "", fmt.Errorf("there is no key %s", key)
	}
	return string(answer.Kvs[0].Value), nil
}

// Put reads a key and writes its value again if it is unchanged.
func Put(endpoint, key string, files []string) error {
	client, err := open(endpoint, files)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := client.Get(ctx, key)
	if err != nil {
		return err
	}
	for _, kv := range answer.Kvs {
		unchanged := clientv3.Compare(clientv3.ModRevision(key), "=", kv.ModRevision)
		done, err := client.Txn(ctx).If(unchanged).Then(clientv3.OpPut(key, string(kv.Value))).Commit()
		if err != nil {
			return err
		}
		if !done.Succeeded {
			return fmt.Errorf("another client has changed %s", key)
		}
	}
	return nil
}

func open(endpoint string, files []string) (*clientv3.Client, error) {
	config, err := secure(files)
	if err != nil {
		return nil, err
	}
	return clientv3.New(clientv3.Config{
		Endpoints: []string{endpoint}, DialTimeout: patience, TLS: config, Logger: zap.NewNop(),
	})
}

// secure returns the TLS settings that the files make, nil without files.
func secure(files []string) (*tls.Config, error) {
	if len(files) != 3 {
		return nil, nil
	}
	authority, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(files[1], files[2])
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}
