// Package bare does with etcd's client what has to be done to read one key,
// and to change it, and nothing else. It is written as anybody would who knows
// that client; calicoctl is measured against it.
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

// Get prints the value of a key. The files are none, or those of TLS: the
// authority, the client's certificate and its key.
func Get(endpoint, key string, files []string) error {
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
		fmt.Printf("%s\n", kv.Value)
	}
	return nil
}

// Put reads a key and writes its value again if nobody has changed it since.
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
			return fmt.Errorf("somebody else has changed %s", key)
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
