package main

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/calicoctl/calicoctl/internal/testkit/console"
)

// The screen: its size in characters, and theirs in pixels.
const (
	columns    = 98
	rows       = 24
	charWidth  = 8.4
	lineHeight = 20
	margin     = 16
	bar        = 42 // above the screen, with the title
	prompt     = 2  // characters of "$ "
)

const (
	width  = columns*charWidth + 2*margin
	height = rows*lineHeight + bar + margin
)

// The screen has a background of its own, so that it can be read on a light page
// as well as on a dark one. Whoever wants no motion sees the beginning.
const style = `svg{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace}
text{white-space:pre;fill:#c9d1d9}
.command{fill:#f0f6fc;font-weight:600}
.prompt{fill:#7ee787;font-weight:600}
.good{fill:#7ee787}
.bad{fill:#ff7b72}
.title{fill:#8b949e;text-anchor:middle}
.key{visibility:hidden}
.a{animation-iteration-count:infinite;animation-timing-function:step-end}
@media (prefers-reduced-motion:reduce){.a{animation:none!important}}
`

// A canvas collects the parts of the picture, and the movements that they make.
type canvas struct {
	total time.Duration
	moves strings.Builder // keyframes of CSS
	parts strings.Builder
	count int
}

// picture returns the session as an SVG.
func picture(steps []console.Step) string {
	scenes, total := timeline(steps)
	c := &canvas{total: total}
	scroll := c.move(scrolling(scenes))
	fmt.Fprintf(&c.parts, "<g%s>\n", scroll)
	for _, s := range scenes {
		c.draw(s)
	}
	c.parts.WriteString("</g>\n")
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" width="%.0f" height="%d" role="img">
<title>calicoctl: the walkthrough of README.md</title>
<style>
%s.a{animation-duration:%.2fs}
%s</style>
`, width, height, width, height, style, total.Seconds(), c.moves.String())
	fmt.Fprintf(&out, `<clipPath id="screen"><rect x="0" y="%d" width="%.0f" height="%d"/></clipPath>
<rect width="%.0f" height="%d" rx="8" fill="#161b22"/>
<circle cx="20" cy="17" r="6" fill="#ff5f57"/><circle cx="40" cy="17" r="6" fill="#febc2e"/><circle cx="60" cy="17" r="6" fill="#28c840"/>
<text class="title" x="%.0f" y="22">calicoctl</text>
<g clip-path="url(#screen)">
%s</g>
</svg>
`, bar, width, rows*lineHeight+3, width, height, width/2, c.parts.String())
	return out.String()
}

// draw shows a step: its command, which is covered until it is typed, and what it
// prints.
func (c *canvas) draw(s scene) {
	y := baseline(s.row)
	fmt.Fprintf(&c.parts, "<g%s>%s%s</g>\n", c.move(from(s.prompt)),
		textAt(margin, y, "prompt", "$"), textAt(margin+prompt*charWidth, y, "command", s.Command))
	left := margin + prompt*charWidth
	top := y - lineHeight + 5
	fmt.Fprintf(&c.parts, `<g class="key"><g%s><rect x="%.1f" y="%d" width="%.1f" height="%d" fill="#161b22"/><rect x="%.1f" y="%d" width="8" height="17" fill="#8b949e"/></g></g>`+"\n",
		c.move(typing(s)), left, top, float64(s.keys()+1)*charWidth, lineHeight, left, top+1)
	lines := s.lines()
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(&c.parts, "<g%s>", c.move(from(s.answer)))
	for i, line := range lines {
		c.parts.WriteString(textAt(margin, baseline(s.row+1+i), colour(line), line))
	}
	c.parts.WriteString("</g>\n")
}

func baseline(row int) int { return bar + (row+1)*lineHeight - 5 }

// colour returns the class of a line: as a terminal shows a difference, and red
// what is wrong.
func colour(line string) string {
	switch {
	case strings.HasPrefix(line, "+ "):
		return "good"
	case strings.HasPrefix(line, "- "), strings.HasPrefix(line, "calicoctl: "), strings.Trim(line, " ^") == "":
		return "bad"
	}
	return ""
}

// textAt returns a line of text. Its width is said, so that it is the same with
// each font.
func textAt(x float64, y int, class, text string) string {
	if text == "" {
		return ""
	}
	if class != "" {
		class = ` class="` + class + `"`
	}
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(text)) // a strings.Builder takes everything
	return fmt.Sprintf(`<text%s x="%.1f" y="%d" textLength="%.1f" xml:space="preserve">%s</text>`,
		class, x, y, float64(utf8.RuneCountInString(text))*charWidth, escaped.String())
}

// A frame is what something looks like from a time on, in CSS.
type frame struct {
	at   time.Duration
	look string
}

// move returns the attributes of something that looks as the frames say.
func (c *canvas) move(frames []frame) string {
	c.count++
	fmt.Fprintf(&c.moves, "@keyframes k%d{", c.count)
	for _, f := range frames {
		fmt.Fprintf(&c.moves, "%.3f%%{%s}", 100*float64(f.at)/float64(c.total), f.look)
	}
	c.moves.WriteString("}\n")
	return fmt.Sprintf(` class="a" style="animation-name:k%d"`, c.count)
}

// from shows something from a time on.
func from(at time.Duration) []frame {
	if at == 0 {
		return []frame{{0, "visibility:visible"}}
	}
	return []frame{{0, "visibility:hidden"}, {at, "visibility:visible"}}
}

// typing takes the cover away from a command, key by key, and itself at the end.
func typing(s scene) []frame {
	frames := []frame{
		{0, "visibility:hidden"},
		{s.prompt, "visibility:visible;transform:translateX(0)"},
		{s.typing, fmt.Sprintf("visibility:visible;transform:translateX(0);animation-timing-function:steps(%d)", s.keys())},
		{s.typed, fmt.Sprintf("visibility:visible;transform:translateX(%.1fpx)", float64(s.keys())*charWidth)},
		{s.answer, "visibility:hidden"},
	}
	if s.prompt == 0 {
		frames = frames[1:]
	}
	return frames
}

// scrolling moves all lines up when there are more than the screen has.
func scrolling(scenes []scene) []frame {
	frames := []frame{{0, "transform:translateY(0)"}}
	up := 0
	scroll := func(at time.Duration, bottom int) {
		if bottom-rows > up {
			up = bottom - rows
			frames = append(frames, frame{at, fmt.Sprintf("transform:translateY(-%dpx)", up*lineHeight)})
		}
	}
	for _, s := range scenes {
		scroll(s.prompt, s.row+1)
		scroll(s.answer, s.row+1+len(s.lines()))
	}
	return frames
}
