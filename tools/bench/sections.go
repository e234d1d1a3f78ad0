//go:build unix

package main

import "github.com/calicoctl/calicoctl/tools/bench/plan"

// A section is a table of commands that work on the same etcd.
type section struct {
	title string
	near  string  // the title of the section with the same rows and an etcd that is not far away
	steps [][]row // see plan.Step
}

// A row is a command, and the title of that row of its section which it is
// measured against: its floor. A floor has none.
type row struct {
	title   string
	floor   string
	command plan.Command
}

// Titles of the floors. The bare one links etcd's client alone, the others link
// what calicoctl links.
const (
	bareFloor       = "bare floor: one Get, etcd's client alone"
	getFloor        = "floor: one Get"
	putFloor        = "floor of an edit: Get, Put if unchanged"
	dockerGetFloor  = "floor: Docker's networks, one Get"
	dockerEditFloor = "floor of an edit: Docker's networks, Get, Put if unchanged"
)

// sections returns all that is measured.
func (w world) sections() []section {
	s := w.servers
	near, nearTLS := etcd{endpoint: s.small.endpoint}, etcd{s.secure.endpoint, s.certificates}
	far, farTLS := etcd{endpoint: s.farSmall.endpoint}, etcd{s.farSecure.endpoint, s.certificates}
	large := etcd{endpoint: s.large.endpoint}
	const plain, secure = "Names as written (`--literal`), 10 profiles", "The same over TLS, with a client certificate"
	list := []section{
		{title: plain, steps: append(w.literal(near), w.edits(near)...)},
		{title: secure, steps: append(w.literal(nearTLS), w.edits(nearTLS)...)},
		{title: "The same with 10,000 profiles, without TLS", steps: append(w.literal(large), w.edits(large)...)},
	}
	if w.docker.missing == nil {
		list = append(list, section{title: "Docker networks", steps: w.networked(near)},
			section{title: "Docker networks, etcd over TLS", steps: w.networked(nearTLS)})
	}
	return append(list, section{title: "etcd 20 ms away", near: plain, steps: w.literal(far)},
		section{title: "etcd 20 ms away, over TLS", near: secure, steps: w.literal(farTLS)})
}

const (
	literalProfile = "databases"
	ruleWords      = "allow tcp from tag applications to ports 5432"
)

// literal returns what reads one profile that has the name it is called by.
func (w world) literal(e etcd) [][]row {
	steps := [][]row{
		{against(getFloor, w.least(bareFloor, w.programs.floorBare, "get", e, literalProfile))},
		{w.least(getFloor, w.programs.floor, "get", e, literalProfile)},
		{w.calicoctl("`calicoctl profile X rule show`", getFloor, e, "--literal profile "+literalProfile+" rule show")},
	}
	if w.programs.etcdctl != "" {
		steps = append(steps, []row{w.etcdctl(e, literalProfile)})
	}
	return steps
}

// edits returns what changes that profile, and what lists all.
func (w world) edits(e etcd) [][]row {
	return [][]row{
		{w.least(putFloor, w.programs.floor, "put", e, literalProfile)},
		{
			w.calicoctl("`calicoctl profile X rule add`", putFloor, e, "--literal profile "+literalProfile+" rule add inbound "+ruleWords),
			w.calicoctl("`calicoctl profile X rule remove`", putFloor, e, "--literal profile "+literalProfile+" rule remove inbound "+ruleWords),
		},
		{w.calicoctl("`calicoctl profile show`", getFloor, e, "--literal profile show")},
	}
}

// networked returns the same for a profile of a Docker network.
func (w world) networked(e etcd) [][]row {
	name, id := w.docker.databases().name, w.docker.databases().id
	words := "allow tcp from tag " + w.docker.applications().name + " to ports 5432"
	return [][]row{
		{w.least(dockerGetFloor, w.programs.floor, "get", e, id, "--docker")},
		{w.calicoctl("`calicoctl profile X rule show`", dockerGetFloor, e, "profile "+name+" rule show")},
		{w.least(dockerEditFloor, w.programs.floor, "put", e, id, "--docker")},
		{
			w.calicoctl("`calicoctl profile X rule add`", dockerEditFloor, e, "profile "+name+" rule add inbound "+words),
			w.calicoctl("`calicoctl profile X rule remove`", dockerEditFloor, e, "profile "+name+" rule remove inbound "+words),
		},
		{w.calicoctl("`calicoctl profile show`", dockerGetFloor, e, "profile show")},
	}
}

// against returns a row that is compared with a floor.
func against(floor string, r row) row {
	r.floor = floor
	return r
}

// planOf returns the plan of all sections.
func planOf(list []section, rounds int) plan.Plan {
	p := plan.Plan{Warmup: 3, Rounds: rounds}
	for _, s := range list {
		var group []plan.Step
		for _, rows := range s.steps {
			var step plan.Step
			for _, r := range rows {
				r.command.Name = s.name(r.title)
				step = append(step, r.command)
			}
			group = append(group, step)
		}
		p.Groups = append(p.Groups, group)
	}
	return p
}

// name returns the name of a row's command in the plan.
func (s section) name(title string) string { return s.title + ": " + title }
