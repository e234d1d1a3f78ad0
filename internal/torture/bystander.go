package torture

import (
	"context"
	"math/rand/v2"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	profileKey = "/calico/resources/v3/projectcalico.org/profiles/" + profileName
	otherKey   = "/calico/resources/v3/projectcalico.org/profiles/other"
	lockKey    = "/calico/resources/v3/projectcalico.org/clusterinformations/default"

	unlocked = `{"kind":"ClusterInformation","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},"spec":{"datastoreReady":true}}`
	locked   = `{"kind":"ClusterInformation","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},"spec":{"datastoreReady":false}}`
)

// A bystander is the rest of Calico: it writes other keys, so that the
// datastore's revision and the profile's differ, and now and then locks the
// datastore for a moment.
type bystander struct {
	client *clientv3.Client
	random *rand.Rand
}

// live goes on until stop ends and leaves the datastore unlocked.
func (b *bystander) live(stop, hard context.Context) error {
	for pace(stop, time.Duration(b.random.Int64N(int64(60*time.Millisecond)))) {
		if b.random.IntN(40) > 0 {
			_ = b.put(hard, otherKey, start("other"))
			continue
		}
		_ = b.put(hard, lockKey, locked) // or not
		pace(stop, time.Duration(b.random.Int64N(int64(200*time.Millisecond))))
		if err := b.unlock(hard); err != nil {
			return err
		}
	}
	return b.unlock(hard)
}

func (b *bystander) unlock(ctx context.Context) error {
	err := b.put(ctx, lockKey, unlocked)
	for err != nil && pace(ctx, 20*time.Millisecond) {
		err = b.put(ctx, lockKey, unlocked)
	}
	return err
}

func (b *bystander) put(ctx context.Context, key, value string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := b.client.Put(ctx, key, value)
	return err
}
