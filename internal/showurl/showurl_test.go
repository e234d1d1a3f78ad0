package showurl_test

import (
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/showurl"
)

func TestText(t *testing.T) {
	t.Parallel()
	const hidden = showurl.Hidden
	for _, test := range []struct{ text, want string }{
		{"http://a:1", "http://a:1"},
		{"https://a.b:2379/", "https://a.b:2379"},
		{"http://[::1]:2379", "http://[::1]:2379"},
		{"http://[fe80::1%25eth0]:2379", "http://[fe80::1%25eth0]:2379"},
		{"http://", "http://"},
		{"unix:///run/docker.sock", "unix:///run/docker.sock"},
		{"tcp://host:2375/path", "tcp://host:2375"},

		{"tcp://u:secret@host:1", "tcp://host:1"},
		{"tcp://host:1?token=secret", "tcp://host:1"},
		{"tcp://host:1/?token=secret", "tcp://host:1"},
		{"tcp://host:1#secret", "tcp://host:1"},
		{"tcp://host:1/secret", "tcp://host:1"},
		{"unix:///run/docker.sock?token=secret", "unix:///run/docker.sock"},

		{"tcp://u:secret%40host:1", hidden},
		{"tcp://secret%40host:1", hidden},
		{"http://u:12/34@host:1", hidden},
		{"http://u:12?34@host:1", hidden},
		{"http://u:12?34%40host:1", hidden},
		{"http://u:12#34@host:1", hidden},
		{"http://u:12#34%40host:1", hidden},
		{"u:secret@host", hidden},
		{"secret", hidden},
		{"host:1", hidden},
		{"//host:1/secret", hidden},
		{"", hidden},
		{"http://a b:1", hidden},
		{"http://a:secret", hidden},
		{"http://\x1bsecret", hidden},
	} {
		got := showurl.Text(test.text)
		if got != test.want {
			t.Errorf("Text(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

// FuzzText checks that nothing of a password, a query or a fragment is shown.
func FuzzText(f *testing.F) {
	f.Add("http", "host:1", "/?x=")
	f.Add("tcp", "u:", "%40host")
	f.Add("tcp", "u:", "@host")
	f.Add("tcp", "u:1/", "@host")
	f.Fuzz(func(t *testing.T, scheme, before, after string) {
		const secret = "hunter2secret"
		for _, text := range []string{
			scheme + "://" + before + "?" + secret + after,
			scheme + "://" + before + "#" + secret + after,
			scheme + "://u:" + secret + "@" + after,
			scheme + "://u:" + secret + "%40" + after,
		} {
			if strings.Contains(showurl.Text(text), secret) && !strings.HasPrefix(text, "unix:") && !strings.HasPrefix(text, "npipe:") {
				t.Errorf("Text(%q) = %q", text, showurl.Text(text))
			}
		}
	})
}
