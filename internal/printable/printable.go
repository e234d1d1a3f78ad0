// Package printable makes text from other programs safe to print.
package printable

import (
	"iter"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns text with everything that a terminal might obey instead of
// show, or not show at all (see [IsPrint]; invalid UTF-8), written as \xNN,
// byte by byte. Text from etcd or Docker passes through it before it is printed.
func Text(text string) string {
	if IsPlain(text) {
		return text
	}
	var out strings.Builder
	for r := range runesOf(text) {
		writeEscaped(&out, r)
	}
	return out.String()
}

// Quote returns printable text in double quotes, for error messages.
func Quote(text string) string { return string(AppendQuoted(nil, text)) }

// AppendQuoted appends text in double quotes as a listing holds a selector:
// \" and \\ inside, and unprintable bytes as \xNN. See unQuote.
func AppendQuoted(dst []byte, text string) []byte {
	dst = append(dst, '"')
	if IsPlain(text) && !strings.ContainsAny(text, `"\`) {
		dst = append(dst, text...)
		return append(dst, '"')
	}
	var out strings.Builder
	for r := range runesOf(text) {
		if r == `"` || r == `\` {
			out.WriteByte('\\')
		}
		writeEscaped(&out, r)
	}
	dst = append(dst, out.String()...)
	return append(dst, '"')
}

// Unquote reads what AppendQuoted wrote, from the opening quote on. It
// returns the text and the number of bytes read; ok is false when the quotes
// are not closed or an escape is none of the three.
func Unquote(quoted string) (text string, length int, ok bool) {
	var out strings.Builder
	for i := 1; i < len(quoted); i++ {
		switch c := quoted[i]; c {
		case '"':
			return out.String(), i + 1, true
		case '\\':
			b, size, ok := unescape(quoted[i+1:])
			if !ok {
				return "", i, false
			}
			out.WriteByte(b)
			i += size
		default:
			out.WriteByte(c)
		}
	}
	return "", len(quoted), false
}

// unescape reads what follows a backslash.
func unescape(rest string) (b byte, size int, ok bool) {
	switch {
	case strings.HasPrefix(rest, `"`), strings.HasPrefix(rest, `\`):
		return rest[0], 1, true
	case len(rest) >= 3 && rest[0] == 'x':
		n, err := strconv.ParseUint(rest[1:3], 16, 8)
		return byte(n), 3, err == nil
	}
	return 0, 0, false
}

// IsPlain reports whether [Text] returns the text as it is.
func IsPlain(text string) bool {
	for i := range len(text) {
		if text[i] < 0x20 || text[i] >= 0x7f {
			return isPlainUnicode(text)
		}
	}
	return true
}

func isPlainUnicode(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return !IsPrint(r) })
}

// IsPrint reports whether a terminal shows a character, and obeys nothing in
// it. Control characters, those that turn the direction of the text, blanks other
// than the space, and letters without a shape are not printable: with them two
// names could look alike, or one look like another.
func IsPrint(r rune) bool {
	const blankBraille = '\u2800'
	return unicode.IsPrint(r) && (r < 0x300 || r != blankBraille &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector))
}

// runesOf splits text into its characters; a byte that belongs to none is a
// piece of its own.
func runesOf(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for len(text) > 0 {
			_, size := utf8.DecodeRuneInString(text)
			if !yield(text[:size]) {
				return
			}
			text = text[size:]
		}
	}
}

func writeEscaped(out *strings.Builder, piece string) {
	if IsPlain(piece) {
		out.WriteString(piece)
		return
	}
	const hex = "0123456789abcdef"
	for i := range len(piece) {
		out.WriteString(`\x`)
		out.WriteByte(hex[piece[i]>>4])
		out.WriteByte(hex[piece[i]&15])
	}
}
