// Package dnstest is a name server for tests, so that they ask no other host
// anything.
package dnstest

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
)

// Serve makes this process resolve all names through a server of its own, until
// stop is called. It knows the address of etcd.test, 127.0.0.1, and the SRV record
// of an unencrypted etcd below pNNNN.test, where NNNN is its port; it does not
// answer at all when asked for silent.test, and there are no other names.
func Serve() (stop func(), err error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
		},
	}
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if answer := answerTo(buffer[:n]); answer != nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return func() { net.DefaultResolver = before; _ = conn.Close() }, nil
}

// answerTo answers a query of one question.
func answerTo(query []byte) []byte {
	end := 12
	var labels []string
	for query[end] != 0 {
		labels = append(labels, strings.ToLower(string(query[end+1:end+1+int(query[end])])))
		end += 1 + int(query[end])
	}
	kind, name := binary.BigEndian.Uint16(query[end+1:]), strings.Join(labels, ".")
	if name == "silent.test" {
		return nil
	}
	question, data := query[12:end+5], record(name, kind)
	header := []byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}
	if data == nil {
		if name != "etcd.test" { // else only no record of this kind
			header[3] = 0x83
		}
		return append(header, question...)
	}
	header[7] = 1
	answer := slices.Concat(header, question)
	answer = append(answer, 0xc0, 12) // the name of the question
	answer = binary.BigEndian.AppendUint16(answer, kind)
	answer = append(answer, 0, 1, 0, 0, 0, 60)
	answer = binary.BigEndian.AppendUint16(answer, uint16(len(data)))
	return append(answer, data...)
}

func record(name string, kind uint16) []byte {
	const address, service = 1, 33
	var port uint16
	if kind == address && name == "etcd.test" {
		return []byte{127, 0, 0, 1}
	}
	if n, _ := fmt.Sscanf(name, "_etcd-client._tcp.p%d.test", &port); n == 1 && kind == service {
		data := binary.BigEndian.AppendUint16([]byte{0, 0, 0, 0}, port)
		return append(data, "\x04etcd\x04test\x00"...)
	}
	return nil
}
