// Package verdict tells what rules do to packets.
//
// [Evaluate] gives the verdict on one packet, with the rules that it comes to. The
// others are about all packets at once: [FindUnreachable] finds rules that never
// decide, [FindExposed] those that open services to everyone, and a [Reachability]
// tells which rules let packets get from one endpoint to another.
//
// All of them agree with what Felix does: the first rule that matches decides, log
// goes on, pass leaves the profile, and what no rule matches is dropped.
package verdict
