package textfile_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/calicoctl/calicoctl/internal/textfile"
)

func TestUTF8(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ in, want, err string }{
		"nothing":                     {"", "", ""},
		"one byte":                    {"a", "a", ""},
		"UTF-8":                       {"añ\n", "añ\n", ""},
		"UTF-8 with a mark":           {"\xef\xbb\xbf{}", "{}", ""},
		"a mark alone":                {"\xef\xbb\xbf", "", ""},
		"little endian":               {"\xff\xfea\x00\n\x00", "a\n", ""},
		"big endian":                  {"\xfe\xff\x00a\x00\n", "a\n", ""},
		"a mark of UTF-16 alone":      {"\xff\xfe", "", ""},
		"a pair of surrogates":        {"\xff\xfe\x3d\xd8\x00\xde", "\U0001f600", ""},
		"half a pair":                 {"\xff\xfe\x3d\xd8", "", "the text begins as UTF-16 and is malformed; save it as UTF-8"},
		"a wrong pair":                {"\xff\xfe\x3d\xd8a\x00", "", "the text begins as UTF-16 and is malformed; save it as UTF-8"},
		"half a character":            {"\xff\xfea", "", "the text begins as UTF-16 and is malformed; save it as UTF-8"},
		"little endian without":       {"a\x00b\x00", "", "the text is in UTF-16 without a byte-order mark; save it as UTF-8"},
		"big endian without":          {"\x00a\x00b", "", "the text is in UTF-16 without a byte-order mark; save it as UTF-8"},
		"UTF-32":                      {"\xff\xfe\x00\x00a\x00\x00\x00", "", "the text is in UTF-32; save it as UTF-8"},
		"UTF-32, big endian":          {"\x00\x00\xfe\xff\x00\x00\x00a", "", "the text is in UTF-32; save it as UTF-8"},
		"UTF-32 without a mark":       {"a\x00\x00\x00", "", "the text is in UTF-32; save it as UTF-8"},
		"no text":                     {"\x00\x01\xff", "\x00\x01\xff", ""},
		"Latin-1":                     {"f\xfcr", "f\xfcr", ""},
		"zeros":                       {"\x00\x00\x00\x00", "\x00\x00\x00\x00", ""},
		"a zero in the midst of text": {"abc\x00d", "abc\x00d", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := textfile.UTF8([]byte(test.in))
			said := ""
			if err != nil {
				said = err.Error()
			}
			if string(got) != test.want || said != test.err {
				t.Errorf("got %q and %q, want %q and %q", got, said, test.want, test.err)
			}
		})
	}
}

// FuzzUTF8 checks that text saved in UTF-16 comes back, and that nothing panics.
func FuzzUTF8(f *testing.F) {
	f.Add("")
	f.Add("Inbound rules:\n   1 allow\n")
	f.Add("\U0001f600 ñ")
	f.Add("\xff\xfe\x3d")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := textfile.UTF8([]byte(text)); err != nil && utf8.ValidString(text) && !bytes.Contains([]byte(text), []byte{0}) {
			t.Errorf("%q: %v", text, err)
		}
		if !utf8.ValidString(text) || text == "" || text[0] == 0 {
			return
		}
		for mark, order := range map[string]binary.AppendByteOrder{"\xff\xfe": binary.LittleEndian, "\xfe\xff": binary.BigEndian} {
			encoded := []byte(mark)
			for _, unit := range utf16.Encode([]rune(text)) {
				encoded = order.AppendUint16(encoded, unit)
			}
			if got, err := textfile.UTF8(encoded); err != nil || string(got) != text {
				t.Errorf("%q came back as %q, %v", text, got, err)
			}
		}
	})
}
