package embedetcd

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// AddLearner adds a member that does not take part in decisions, and returns when
// it serves. The cluster must speak plain HTTP.
func (s *Server) AddLearner(ctx context.Context) (endpoint string, err error) {
	if endpoint, err = s.cluster.addLearner(ctx); err != nil {
		return "", fmt.Errorf("add a learner: %w", err)
	}
	return endpoint, nil
}

func (c *Cluster) addLearner(ctx context.Context) (endpoint string, err error) {
	client, err := clientv3.New(clientv3.Config{Endpoints: c.Endpoints(), Logger: zap.NewNop()})
	if err != nil {
		return "", err
	}
	defer func() { _ = client.Close() }()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return "", errors.New("the cluster is closed")
	}
	m, err := c.addMember(len(c.members), "")
	if err != nil {
		return "", err
	}
	if _, err := client.MemberAddAsLearner(ctx, []string{m.peerURL().String()}); err != nil {
		return "", err
	}
	c.initial += "," + m.name + "=" + m.peerURL().String()
	if err := c.launch(ctx, m, true); err != nil {
		return "", err
	}
	return m.clientURL().String(), m.run.waitServing(ctx)
}
