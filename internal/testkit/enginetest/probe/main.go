// Command probe is the only program of the image that tests run in containers.
//
//	probe idle                       does nothing
//	probe serve PORT                 answers on TCP and UDP
//	probe connect ADDRESS:PORT TIME  ends well if it is answered on TCP in time
//	probe reach ADDRESS:PORT TIME    tries again and again until it is answered on TCP
//	probe datagram ADDRESS:PORT TIME ends well if the datagram that it sends at once is answered in time
//
// Called nc, it understands of that program
//
//	nc -lk -p PORT -e PROGRAM        answers on TCP and UDP
//	nc -z -w SECONDS ADDRESS PORT    ends well if it is answered on TCP in time
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
)

func main() {
	var err error
	if filepath.Base(os.Args[0]) == "nc" {
		err = netcat(os.Args[1:])
	} else if err = run(os.Args[1:]); err != nil {
		fmt.Println(err)
	}
	if err != nil {
		os.Exit(1)
	}
}

// netcat does what nc does.
func netcat(args []string) error {
	switch {
	case len(args) == 5 && args[0] == "-lk" && args[1] == "-p":
		return serve(args[2])
	case len(args) == 5 && args[0] == "-z" && args[1] == "-w":
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(args[3], args[4]), parsed(args[2]))
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	return fmt.Errorf("nc %v is not understood", args)
}

// parsed returns a number of seconds.
func parsed(seconds string) time.Duration {
	d, _ := time.ParseDuration(seconds + "s") // 0 fails at once
	return d
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "idle":
		time.Sleep(24 * time.Hour) // an empty select would be a deadlock
		return nil
	case len(args) == 2 && args[0] == "serve":
		return serve(args[1])
	case len(args) == 3 && args[0] == "connect":
		return ask("tcp", args[1], args[2])
	case len(args) == 3 && args[0] == "reach":
		return reach(args[1], args[2])
	case len(args) == 3 && args[0] == "datagram":
		return ask("udp", args[1], args[2])
	}
	return errors.New("usage: probe idle | serve PORT | connect ADDRESS TIME | datagram ADDRESS TIME")
}

// reach connects until that succeeds.
func reach(address, patience string) error {
	limit, err := time.ParseDuration(patience)
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(limit); ; {
		conn, err := net.DialTimeout("tcp", address, 20*time.Millisecond)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

func serve(port string) error {
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return err
	}
	packets, err := net.ListenPacket("udp", ":"+port)
	if err != nil {
		return err
	}
	go func() {
		buffer := make([]byte, 64)
		for {
			if n, from, err := packets.ReadFrom(buffer); err == nil {
				_, _ = packets.WriteTo(buffer[:n], from)
			}
		}
	}()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		_, _ = io.WriteString(conn, "hello")
		_ = conn.Close()
	}
}

// ask sends once and waits for the answer. The address may be of a host without
// a route, or of a port that is closed: all the same to the caller.
func ask(network, address, limit string) error {
	patience, err := time.ParseDuration(limit)
	if err != nil {
		return err
	}
	start := time.Now()
	conn, err := net.DialTimeout(network, address, patience)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(start.Add(patience)); err != nil {
		return err
	}
	if network == "udp" {
		if _, err := io.WriteString(conn, "hello"); err != nil {
			return err
		}
	}
	answer := make([]byte, 5)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	fmt.Println("answered after", time.Since(start).Round(time.Millisecond/10))
	return nil
}
