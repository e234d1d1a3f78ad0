package textfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// The encodings that are not read.
var (
	errUTF32    = errors.New("the text is in UTF-32; save it as UTF-8")
	errNoMark   = errors.New("the text is in UTF-16 without a byte-order mark; save it as UTF-8")
	errBadUTF16 = errors.New("the text begins as UTF-16 and is malformed; save it as UTF-8")
)

// UTF8 returns a text in UTF-8 and without a byte-order mark. It reads UTF-8,
// and UTF-16 with a byte-order mark, as PowerShell and Notepad write it. Any
// other text in UTF-16 or UTF-32 is an error. What is neither comes back as it
// is.
func UTF8(content []byte) ([]byte, error) {
	mark := func(bytesOf ...byte) bool { return bytes.HasPrefix(content, bytesOf) }
	switch {
	case mark(0xef, 0xbb, 0xbf):
		return content[3:], nil
	case mark(0xff, 0xfe, 0, 0), mark(0, 0, 0xfe, 0xff):
		return nil, errUTF32
	case mark(0xff, 0xfe):
		return fromUTF16(content[2:], binary.LittleEndian)
	case mark(0xfe, 0xff):
		return fromUTF16(content[2:], binary.BigEndian)
	case len(content) >= 4 && zeros(content[:4]) == 3:
		return nil, errUTF32
	case len(content) >= 4 && zeros(content[:4]) == 2 && content[0]|content[2] == 0,
		len(content) >= 4 && zeros(content[:4]) == 2 && content[1]|content[3] == 0:
		return nil, errNoMark
	}
	return content, nil
}

func zeros(content []byte) int { return bytes.Count(content, []byte{0}) }

func fromUTF16(content []byte, order binary.ByteOrder) ([]byte, error) {
	if len(content)%2 != 0 {
		return nil, errBadUTF16
	}
	text := make([]byte, 0, len(content))
	for i := 0; i < len(content); i += 2 {
		r := rune(order.Uint16(content[i:]))
		if utf16.IsSurrogate(r) {
			i += 2
			if i == len(content) {
				return nil, errBadUTF16
			}
			if r = utf16.DecodeRune(r, rune(order.Uint16(content[i:]))); r == utf8.RuneError {
				return nil, errBadUTF16
			}
		}
		text = utf8.AppendRune(text, r)
	}
	return text, nil
}
