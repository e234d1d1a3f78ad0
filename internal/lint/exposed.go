package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// sensitive returns the ports of databases and of host administration, which are
// hardly ever meant for everyone, and the name of each.
func sensitive() (services []verdict.Service, names []string) {
	for _, s := range []struct {
		protocol rules.Protocol
		port     int
		name     string
	}{
		{"tcp", 22, "SSH"},
		{"tcp", 23, "Telnet"},
		{"udp", 161, "SNMP"},
		{"tcp", 445, "SMB"},
		{"udp", 623, "IPMI"},
		{"tcp", 873, "rsync"},
		{"tcp", 1433, "SQL Server"},
		{"tcp", 1521, "Oracle"},
		{"tcp", 2049, "NFS"},
		{"tcp", 2375, "Docker"},
		{"tcp", 2376, "Docker"},
		{"tcp", 2379, "etcd"},
		{"tcp", 2380, "etcd"},
		{"tcp", 3306, "MySQL"},
		{"tcp", 3389, "Remote Desktop"},
		{"tcp", 5432, "PostgreSQL"},
		{"tcp", 5900, "VNC"},
		{"tcp", 5984, "CouchDB"},
		{"tcp", 5985, "WinRM"},
		{"tcp", 5986, "WinRM"},
		{"tcp", 6379, "Redis"},
		{"tcp", 6443, "Kubernetes"},
		{"tcp", 8086, "InfluxDB"},
		{"tcp", 9042, "Cassandra"},
		{"tcp", 9200, "Elasticsearch"},
		{"tcp", 9300, "Elasticsearch"},
		{"tcp", 10250, "kubelet"},
		{"tcp", 11211, "Memcached"},
		{"udp", 11211, "Memcached"},
		{"tcp", 27017, "MongoDB"},
	} {
		services = append(services, verdict.Service{Protocol: s.protocol, Port: s.port})
		names = append(names, fmt.Sprintf("%d (%s)", s.port, s.name))
	}
	return services, names
}

// checkExposed finds rules that open sensitive ports to everyone. The profiles of
// Kubernetes all do so: there, policies decide.
func (l *Linter) checkExposed(p *profile.Profile) {
	if profile.IsMaintained(p.ID) {
		return
	}
	services, names := sensitive()
	for _, x := range verdict.FindExposed(p.Inbound, services) {
		var open []string
		for _, i := range x.Services {
			open = append(open, names[i])
		}
		at := place{id: p.ID, direction: rules.Inbound, position: x.Index + 1, rule: p.Inbound[x.Index].Rule}
		l.add(at, Warning, "open-port", plain("it opens "+ports(slices.Compact(open), x.All)+" to everyone"),
			l.edit(at, "restrict its source: ", "replace", position(x.Index)+" RULE"))
	}
}

// ports lists ports, of which there is one at least.
func ports(list []string, all bool) string {
	const most = 5
	switch more := len(list) - most; {
	case all:
		return "every port"
	case more > 0:
		return fmt.Sprintf("ports %s and %d more of databases and administration", strings.Join(list[:most], ", "), more)
	case len(list) > 1:
		return "ports " + strings.Join(list, ", ")
	}
	return "port " + list[0]
}
