package torture

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A link is one connection through a proxy.
type link struct {
	faults         *faults
	giveUp         func()
	client, server net.Conn
	once           sync.Once
	gone           chan struct{} // closed at the end

	deafServer atomic.Bool  // what the client sends vanishes
	deafClient atomic.Bool  // what the server sends vanishes
	loseAnswer atomic.Bool  // the next answer vanishes, and the connection with it
	haunted    atomic.Bool  // there is no client any more
	slowAnswer atomic.Int64 // how long the next bytes from the server are kept back
}

const (
	// ghostStays is how long a request that arrives late may take.
	ghostStays = 2 * time.Second
	// leastWrite is how many bytes a request has at least that writes the
	// profile, and more than one that reads it.
	leastWrite = 600
)

func (l *link) reset() {
	l.once.Do(func() {
		reset(l.client)
		reset(l.server)
		close(l.gone)
	})
}

// requests forwards what the client sends.
func (l *link) requests() {
	defer l.reset()
	scan := frames{skip: preface}
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.client.Read(buffer)
		if err != nil {
			return
		}
		bytes := buffer[:n]
		if scan.data(bytes) > 0 && !l.befall(bytes) {
			return
		}
		if l.deafServer.Load() {
			continue
		}
		if _, err := l.server.Write(bytes); err != nil {
			return
		}
	}
}

// befall lets a fault happen to a request, or not. It reports false when that
// was the end of the connection.
func (l *link) befall(request []byte) (goesOn bool) {
	fault := l.faults.forRequest()
	if fault == Ghost && len(request) < leastWrite {
		fault = CutBefore
	}
	if fault != "" && fault != Ghost && l.faults.below(2) == 0 {
		time.AfterFunc(l.faults.between(0, 100*time.Millisecond), l.giveUp)
	}
	switch fault {
	case CutBefore:
		l.faults.happened(fault)
		return false
	case CutWithin:
		l.faults.happened(fault)
		_, _ = l.server.Write(request[:len(request)/2])
		return false
	case CutAfter:
		l.loseAnswer.Store(true) // and is counted then
	case Ghost:
		l.haunt(request)
		return false
	case SlowRequest:
		l.faults.happened(fault)
		return l.wait(l.faults.between(10*time.Millisecond, time.Second))
	case SlowAnswer:
		l.faults.happened(fault)
		l.slowAnswer.Store(int64(l.faults.between(10*time.Millisecond, time.Second)))
	case DeafServer, DeafClient, DeafBoth:
		l.deafen(fault)
	}
	return true
}

// haunt breaks the connection to the client at once, and lets the request
// arrive a while later, when the client has gone on or has given up. Only with a
// write does that make a difference.
func (l *link) haunt(request []byte) {
	l.haunted.Store(true)
	l.loseAnswer.Store(true)
	if l.faults.below(2) == 0 {
		l.giveUp()
	}
	reset(l.client)
	if !l.wait(l.faults.between(5*time.Millisecond, 100*time.Millisecond<<l.faults.below(6))) {
		return
	}
	l.faults.happened(Ghost)
	if _, err := l.server.Write(request); err == nil {
		l.wait(ghostStays)
	}
}

// deafen makes the connection half-open: for a while, after which it breaks, or
// for as long as the client keeps it.
func (l *link) deafen(fault Fault) {
	l.faults.happened(fault)
	l.deafServer.Store(fault != DeafClient)
	l.deafClient.Store(fault != DeafServer)
	if l.faults.below(3) > 0 {
		time.AfterFunc(l.faults.between(200*time.Millisecond, 3*time.Second), l.reset)
	}
}

// answers forwards what the server sends.
func (l *link) answers() {
	var scan frames
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.server.Read(buffer)
		if err != nil {
			break
		}
		answers := scan.data(buffer[:n])
		if l.loseAnswer.Load() {
			if answers == 0 {
				continue
			}
			if !l.haunted.Load() {
				l.faults.happened(CutAfter)
			}
			break
		}
		if l.deafClient.Load() {
			continue
		}
		if slow := time.Duration(l.slowAnswer.Swap(0)); slow > 0 && !l.wait(slow) {
			break
		}
		if _, err := l.client.Write(buffer[:n]); err != nil {
			break
		}
	}
	if !l.deafClient.Load() { // else the client does not even hear of the end
		l.reset()
	}
}

// wait reports false when the connection has ended meanwhile.
func (l *link) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.gone:
		return false
	}
}
