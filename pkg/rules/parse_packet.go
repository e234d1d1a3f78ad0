package rules

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// PacketWords is a packet as it is said in words:
//
//	packet = [ protocol [ "type" 0..254 [ "code" 0..255 ] ] ] [ "from" end ] [ "to" end ]
//	end    = one or more of, in any order:
//	         "tag" NAME | "ports" PORT | [ "cidr" ] ADDRESS | "container" NAME | "endpoint" ID
//
// Only a tag may stand several times in an end, and a container or an endpoint,
// whose address and tags are looked up, stands without the former three but
// ports. What is not said is the zero value.
type PacketWords struct {
	Protocol Protocol
	ICMP     *ICMP
	From, To EndWords
}

// EndWords is one end of a packet as it is said in words.
type EndWords struct {
	Tags      []string
	Addr      netip.Addr
	Port      int
	Container string
	Endpoint  string
}

// IsZero reports whether nothing was said.
func (e EndWords) IsZero() bool {
	return len(e.Tags) == 0 && !e.Addr.IsValid() && e.Port == 0 && e.Container == "" && e.Endpoint == ""
}

// ParsePacket reads a packet from command-line arguments. The error is a
// *ParseError.
func ParsePacket(args []string) (PacketWords, error) {
	tokens, text := tokensOfArgs(args)
	p := packetParser{parser: parser{tokens: tokens, text: text}}
	err := p.parse()
	return p.packet, err
}

type packetParser struct {
	parser
	packet PacketWords
	first  netip.Addr // of the source, with which the other has to agree
}

func (p *packetParser) parse() error {
	if err := p.noEmptyWord(); err != nil {
		return err
	}
	switch text := p.peek(); text {
	case "allow", "deny", "log", "pass", "next-tier":
		return p.fail(printable.Quote(text) + " stands in rules; a packet has no action")
	}
	for _, part := range []func() error{p.protocol, p.icmp, p.from, p.to, p.end} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// plain refuses a negation at the next word.
func (p *packetParser) plain() error {
	if text := p.peek(); text == "not" || strings.HasPrefix(text, "!") {
		return p.fail("nothing of a packet is negated")
	}
	return nil
}

func (p *packetParser) protocol() error {
	if err := p.plain(); err != nil {
		return err
	}
	if p.peek() == "0" {
		return p.fail("expected a protocol number from 1 to 255")
	}
	err := p.parser.protocol()
	p.packet.Protocol = p.rule.Protocol
	return err
}

func (p *packetParser) icmp() error {
	if err := p.plain(); err != nil {
		return err
	}
	err := p.parser.icmp()
	p.packet.ICMP = p.rule.ICMP
	return err
}

func (p *packetParser) from() error { return p.entity("from", fromSide, &p.packet.From) }
func (p *packetParser) to() error   { return p.entity("to", toSide, &p.packet.To) }

func (p *packetParser) entity(keyword string, side criterion, e *EndWords) error {
	if p.peek() != keyword {
		return nil
	}
	p.take(side)
	for before := keyword; ; before = "" {
		if err := p.item(e, before); err != nil {
			return err
		}
		if next := p.peek(); p.pos == len(p.tokens) || next == "from" || next == "to" {
			return nil
		}
	}
}

// endWords are the words that begin a part of an end.
func endWords() []string { return []string{"tag", "ports", "container", "endpoint"} }

// item reads one part of an end.
func (p *packetParser) item(e *EndWords, before string) error {
	if err := p.plain(); err != nil {
		return err
	}
	keyword := p.peek()
	switch {
	case keyword == "selector":
		return p.fail("a selector stands in rules; a packet has tags, or those of its container or endpoint")
	case keyword == "cidr" || slices.Contains(endWords(), keyword):
		p.pos++
		if p.pos == len(p.tokens) {
			return p.fail("expected " + endValue(keyword) + " after " + printable.Quote(keyword))
		}
	case looksLikeAddress(keyword):
		if _, isNumber := decimal(keyword); isNumber {
			return p.fail(`expected a port after "ports"`)
		}
		keyword = "cidr"
	default:
		return p.expectedEnd(before)
	}
	if err := p.value(keyword, e); err != nil {
		return err
	}
	p.pos++
	return nil
}

// endValue returns what follows a keyword, for messages.
func endValue(keyword string) string {
	switch keyword {
	case "tag":
		return "the name of a tag"
	case "ports":
		return "a port such as 80"
	case "container":
		return "the name of a container"
	case "endpoint":
		return "the ID of an endpoint"
	}
	return "an address such as 10.65.0.3"
}

func (p *packetParser) expectedEnd(before string) error {
	what := "tag, ports, container, endpoint or an address"
	candidates := endWords()
	if before != "" {
		return p.expected(what+" after "+printable.Quote(before), candidates...)
	}
	return p.expected("tag, ports, container, endpoint, an address, to or the end", append(candidates, "to")...)
}

func (p *packetParser) value(keyword string, e *EndWords) error {
	switch keyword {
	case "tag":
		if e.Container+e.Endpoint != "" {
			return p.together("tags")
		}
		var tag Tag
		err := p.tag(&tag)
		e.Tags = append(e.Tags, tag.Name)
		return err
	case "ports":
		return p.port(e)
	case "cidr":
		return p.address(e)
	}
	if len(e.Tags) > 0 || e.Addr.IsValid() || e.Container+e.Endpoint != "" {
		return p.fail(printable.Quote(keyword) + " has its own tags and address; omit what is before it")
	}
	into := &e.Container
	if keyword == "endpoint" {
		into = &e.Endpoint
	}
	w := p.tokens[p.pos]
	if !w.quoted && isReserved(w.text) {
		return p.fail("expected " + endValue(keyword) + " after " + printable.Quote(keyword) + "; is a shell variable empty? One that is called " +
			w.text + ` is written in double quotes, in a shell '"` + w.text + `"'`)
	}
	*into = w.text
	return nil
}

func (p *packetParser) together(what string) error {
	return p.fail("a container or an endpoint has its own " + what + "; leave this out")
}

func (p *packetParser) port(e *EndWords) error {
	text := p.tokens[p.pos].text
	port, problem := parsePorts(text)
	switch {
	case e.Port > 0:
		return p.fail("ports is given twice")
	case strings.Contains(text, ","), problem == "" && port.First != port.Last:
		return p.fail("a packet has one port at each end, got " + printable.Quote(text))
	case problem != "":
		return p.fail(strings.Replace(problem, "a port or port range", "a port", 1))
	case port.First == 0:
		return p.fail("0 is not a port (1 to 65535)")
	case p.packet.Protocol != "" && !p.packet.Protocol.HasPorts():
		return p.fail("ports need the protocol tcp, udp or sctp")
	}
	e.Port = port.First
	return nil
}

func (p *packetParser) address(e *EndWords) error {
	text := p.tokens[p.pos].text
	net, problem := parseNet(text)
	switch {
	case e.Container+e.Endpoint != "":
		return p.together("address")
	case e.Addr.IsValid():
		return p.fail("there is already an address")
	case strings.Contains(text, ","), problem == "" && strings.Contains(text, "/"):
		return p.fail("a packet has one address at each end, got " + printable.Quote(text))
	case problem != "":
		return p.fail(strings.Replace(problem, "an address or prefix", "an address", 1))
	}
	a := net.Addr()
	version := IPVersion(a)
	switch {
	case a.Is4In6():
		return p.fail("this is an IPv4 address written as IPv6; write " + a.Unmap().String())
	case p.packet.Protocol.Named().IPVersion() == 10-version:
		return p.fail(string(p.packet.Protocol) + " is not a protocol of IPv" + string(rune('0'+version)))
	case p.first.IsValid() && IPVersion(p.first) != version:
		return p.fail("both addresses are of one IP version, and the other is " + p.first.String())
	}
	p.first, e.Addr = a, a
	return nil
}

// end makes sure that nothing is left.
func (p *packetParser) end() error {
	text := p.peek()
	hasFrom, hasTo := p.found[fromSide] > 0, p.found[toSide] > 0
	switch {
	case p.pos == len(p.tokens):
		return nil
	case hasTo && text == "from":
		return p.fail(`"from" must be before "to"`)
	case hasTo && text == "to", hasFrom && text == "from":
		return p.fail(printable.Quote(text) + " is given twice")
	case text == "cidr", slices.Contains(endWords(), text):
		return p.fail(printable.Quote(text) + ` must be after "from" or "to"`)
	case hasTo:
		return p.expectedEnd("")
	}
	could := []string{"to"}
	if !hasFrom {
		could = append(p.headOfPacket(), "from", "to")
	}
	return p.expected(orList(append(slices.Clone(could), "the end")), could...)
}

// headOfPacket lists what may still stand in front of "from" and "to".
func (p *packetParser) headOfPacket() []string {
	switch {
	case p.found[codeCriterion] > 0:
		return nil
	case p.found[typeCriterion] > 0:
		return []string{"code"}
	case p.rule.Protocol == "icmp" || p.rule.Protocol == "icmpv6":
		return []string{"type"}
	case p.rule.Protocol != "":
		return nil
	}
	return append(protocolWords(), "a protocol number")
}
