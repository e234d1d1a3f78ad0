package claim

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

func TestClaim(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	log := slog.New(slog.DiscardHandler)
	me := Me("/state")

	first := New("h1", me, log)
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- first.Hold(running, client) }()
	if err := first.Wait(ctx); err != nil || first.Err() != nil {
		t.Fatal(err)
	}

	// Another host, or another driver on this one, is refused.
	for _, other := range []Holder{{Host: "clone", Boot: "b2", State: "/state"}, {Host: me.Host, Boot: me.Boot, State: "/other"}} {
		second := New("h1", other, log)
		trying, end := context.WithTimeout(ctx, 300*time.Millisecond)
		go func() { _ = second.Hold(trying, client) }()
		var taken *TakenError
		if err := second.Wait(ctx); !errors.As(err, &taken) || !strings.Contains(err.Error(), "the node name h1: on host "+me.Host) {
			t.Errorf("got %v", err)
		}
		end()
	}

	// The same host takes over what a killed process has left.
	third := New("h1", me, log)
	third.me.PID++
	again, end := context.WithCancel(ctx)
	endedThird := make(chan error, 1)
	go func() { endedThird <- third.Hold(again, client) }()
	if err := third.Wait(ctx); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	end()
	<-endedThird
	if answer, err := client.Get(ctx, Key("h1")); err != nil || answer.Count != 0 {
		t.Errorf("the name was not given back: %v, %v", answer, err)
	}
}
