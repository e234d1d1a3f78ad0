// Package rules is the rule language of calicoctl: what a rule of a Calico
// profile is, how it is said in words, and how it is written in JSON.
//
// # Grammar
//
//	rule      = action [ "ipversion" ( "4" | "6" ) ] [ protocol ] [ icmp ] [ "from" entity ] [ "to" entity ]
//	action    = "allow" | "deny" | "log" | "pass"          ("next-tier" is read as pass)
//	protocol  = [ not ] ( "tcp" | "udp" | "icmp" | "icmpv6" | "sctp" | "udplite" | 1..255 )
//	icmp      = [ not ] "type" 0..254 [ "code" 0..255 ]     only directly after icmp or icmpv6
//	entity    = one or more of, each at most once, in any order:
//	            [ not ] "ports" PORTS | [ not ] "tag" NAME | [ not ] "cidr" CIDRS
//	            | [ not ] "selector" EXPR | [ not ] CIDRS
//	PORTS     = comma-separated ports 1..65535 and ranges "1000:2000" or "1000-2000"; at most 50
//	CIDRS     = comma-separated addresses or prefixes of one IP version; at most 256, none twice
//	NAME      = letters, digits, ".", "_", "-"; a keyword only in double quotes
//	EXPR      = a selector, one argument; see below
//	not       = the argument "not", or "!" before the next argument
//
// EXPR is a [Selector].
//
// [ParseWords] reads a rule from arguments, where a selector is one of them, and
// [ParseLine] from a line of a listing, where it stands in double quotes. What is
// to be written is read [AsNew], and what may be stored already [AsStored].
// [ParseListing], [ParseProfiles] and [FormatListing], [FormatProfile] are for the
// rules of a profile, and for files of profiles.
//
// # Guarantees
//
// A [Rule] has exactly one canonical text, [Format]. For every rule that has
// words for all it holds, [ParseLine] of that text is the rule again; a tag that
// is stored as a comparison with the empty string (Tag.EmptyValue) has none.
// [DecodeV3] and [DecodeV1] read any JSON object, and keep its bytes: a rule
// that is not changed is written back as it was. What has no words is spelled
// out in Rule.Beyond, and such a rule is never encoded anew.
//
// [Evaluate] says what the rules of profiles do with a packet, of which some may
// not be known, and why. [ParsePacket] reads one from words.
//
// What Calico's agent Felix refuses, mis-renders or dies of is found by
// [Check], which readers of new rules apply, too. What [FindDead], [FindExposed]
// and [Way] claim of a list of rules is proven, and where a bounded effort proves
// nothing they claim nothing. Everything here is pure: no I/O, no state, no panics.
package rules
