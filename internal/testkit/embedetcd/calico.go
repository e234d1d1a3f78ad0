package embedetcd

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// The key that every Calico has in its etcd, and what it says at least.
const (
	CalicoKey   = "/calico/resources/v3/projectcalico.org/clusterinformations/default"
	CalicoValue = `{"kind":"ClusterInformation","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},"spec":{"datastoreReady":true}}`
)

// AddCalico puts the key that every Calico has, unless it is there, so that this
// etcd is not taken for a wrong one. The server has to speak plain HTTP.
func (s *Server) AddCalico(ctx context.Context) error {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{s.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	defer client.Close()
	_, err = client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(CalicoKey), "=", 0)).
		Then(clientv3.OpPut(CalicoKey, CalicoValue)).Commit()
	return err
}
