// Package rules is the rule language of calicoctl: what a rule of a Calico
// profile is, its syntax, and its forms in JSON.
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
// A [Rule] has exactly one canonical text, [Format]. [ParseLine] of that text
// returns the rule, unless the rule has unsupported fields, or a tag that is stored
// as a comparison with the empty string (Tag.EmptyValue).
// [DecodeV3] and [DecodeV1] read any JSON object, and keep its bytes: a rule
// that is not changed is written back as it was. Rule.Unsupported spells out the
// fields that the syntax does not support. Such a rule is never encoded again.
//
// [ParsePacket] reads a packet from arguments. Package verdict says what rules do
// with it.
//
// [Check] finds what is invalid for Calico's agent Felix, and what makes it crash or
// enforce something else. Readers of new rules apply it. Everything here is pure: no
// I/O, no state, no panics.
package rules
