package resolve_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails the run if a goroutine is left when all engines are closed.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leftGoroutines(5 * time.Second); code == 0 && len(left) > 0 {
		fmt.Printf("%d goroutines left behind:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// leftGoroutines returns the stacks of those that are still there after a while,
// as a closed connection's goroutines need a moment to notice.
func leftGoroutines(patience time.Duration) []string {
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		left := otherGoroutines()
		if len(left) == 0 || time.Now().After(end) {
			return left
		}
	}
}

func otherGoroutines() []string {
	buffer := make([]byte, 1<<20)
	stacks := strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n")
	var others []string
	// The first one is the one that asks.
	for _, stack := range stacks[1:] {
		if !strings.Contains(stack, "os/signal.") {
			others = append(others, stack)
		}
	}
	return others
}
