package embedetcd

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// A port that is given up for a process is one that the kernel gives to nobody.
func TestPortForProcess(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Skip(err)
	}
	var low, high int
	if _, err := fmt.Sscan(string(text), &low, &high); err != nil {
		t.Fatal(err)
	}
	if low < highestPort {
		t.Skipf("this system gives ports from %d on to clients", low)
	}
	for range 20 {
		p, err := reservePort(bindForProcess)
		if err != nil {
			t.Fatal(err)
		}
		if p.number >= low && p.number <= high {
			t.Errorf("port %d is one of %d to %d", p.number, low, high)
		}
		if err := errors.Join(p.release(), p.release()); err != nil {
			t.Error(err)
		}
	}
}
