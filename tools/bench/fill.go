//go:build unix

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

const profilePrefix = "/calico/resources/v3/projectcalico.org/profiles/"

// fill writes the profiles. Each etcd has one called databases, as the
// walkthrough makes it; the small and the secure one those of the networks, too.
func (s *servers) fill(ctx context.Context, docker *networks) error {
	networks := []filledProfile{}
	if docker.missing == nil {
		applications := docker.applications().id
		networks = append(networks, filledProfile{docker.databases().id, applications}, filledProfile{applications, applications})
	}
	for _, etcd := range []struct {
		endpoint string
		count    int
		networks []filledProfile
	}{
		{s.small.endpoint, fewProfiles, networks},
		{s.secure.endpoint, fewProfiles, networks},
		{s.large.endpoint, manyProfiles, nil},
	} {
		list := slices.Concat(etcd.networks, []filledProfile{{"databases", "applications"}})
		for i := len(list); i < etcd.count; i++ {
			list = append(list, filledProfile{fmt.Sprintf("service-%05d", i), "applications"})
		}
		if err := s.write(ctx, etcd.endpoint, list); err != nil {
			return fmt.Errorf("filling etcd: %w", err)
		}
	}
	return nil
}

// A profile lets itself in, and one other tag.
type filledProfile struct{ id, from string }

// write puts the profiles into an etcd, many at once.
func (s *servers) write(ctx context.Context, endpoint string, list []filledProfile) error {
	config := clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop(), Context: ctx}
	if strings.HasPrefix(endpoint, "https:") {
		pair, err := tls.LoadX509KeyPair(s.certificates.client, s.certificates.clientKey)
		if err != nil {
			return err
		}
		// Only the benchmark itself, which has just started this server.
		config.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, InsecureSkipVerify: true}
	}
	client, err := clientv3.New(config)
	if err != nil {
		return err
	}
	defer client.Close()
	const atOnce = 100
	for len(list) > 0 {
		n := min(atOnce, len(list))
		ops := make([]clientv3.Op, n)
		for i, p := range list[:n] {
			document, err := p.document()
			if err != nil {
				return err
			}
			ops[i] = clientv3.OpPut(profilePrefix+p.id, string(document))
		}
		if _, err := client.Txn(ctx).Then(ops...).Commit(); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// document is the profile of the walkthrough.
func (p filledProfile) document() ([]byte, error) {
	made, err := profile.New(p.id)
	if err != nil {
		return nil, err
	}
	rule, err := rules.ParseWords(strings.Fields("allow tcp from tag "+p.from+" to ports 3306"), rules.AsNew)
	if err != nil {
		return nil, err
	}
	if err := profile.AppendRule(made, rules.Inbound, rule); err != nil {
		return nil, err
	}
	return made.MarshalJSON()
}
