package lint

import (
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/printable"
)

// Text lists the findings of each profile after its name, and counts them.
func Text(list []Finding) string {
	if len(list) == 0 {
		return "No findings.\n"
	}
	var out strings.Builder
	last := ""
	for _, f := range list {
		if h := f.heading(); h != last {
			last = h
			out.WriteString(h + "\n")
		}
		if f.Direction != "" {
			fmt.Fprintf(&out, "  %s: %s rule %d: %s [%s]\n    %s\n", f.Level, f.Direction, f.Position, oneLine(f.Rule), f.Code, oneLine(f.Reason))
		} else {
			fmt.Fprintf(&out, "  %s: %s [%s]\n", f.Level, oneLine(f.Reason), f.Code)
		}
		fmt.Fprintf(&out, "    %s\n", oneLine(f.Advice))
	}
	fmt.Fprintf(&out, "%s.\n", counts(list))
	return out.String()
}

func (f Finding) heading() string {
	if f.AboutEndpoint() {
		return "Endpoint " + printable.Text(f.Endpoint) + ":"
	}
	return "Profile " + brief.Name(f.Profile) + ":"
}

// oneLine returns a text as one printable line of bounded length.
func oneLine(text string) string {
	return brief.Message(printable.Text(strings.ReplaceAll(text, "\n", " ")))
}

// counts returns such as "1 error, 2 warnings".
func counts(list []Finding) string {
	number := map[Level]int{}
	for _, f := range list {
		number[f.Level]++
	}
	var parts []string
	for _, l := range []Level{Error, Warning, Info} {
		switch n := number[l]; {
		case n == 0:
		case n == 1 || l == Info:
			parts = append(parts, fmt.Sprintf("%d %s", n, l))
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, l))
		}
	}
	return strings.Join(parts, ", ")
}
