package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func exampleImage() image {
	return image{
		program: []byte("a program"), texts: []entry{{name: textsPath + "LICENSE", content: []byte("a licence")}}, arch: "arm64", version: "v1.2.3",
		tags: []string{"calicoctl:latest", "calicoctl:v1.2.3"}, created: time.Unix(1_700_000_000, 0).UTC(),
	}
}

// unpack returns the files of an archive, and its headers in their order.
func unpack(t *testing.T, content []byte) (files map[string][]byte, headers []*tar.Header) {
	t.Helper()
	files = map[string][]byte{}
	for reader := tar.NewReader(bytes.NewReader(content)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files, headers
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
		headers = append(headers, header)
	}
}

func decode[T any](t *testing.T, content []byte) (value T) {
	t.Helper()
	if err := json.Unmarshal(content, &value); err != nil {
		t.Fatalf("%v: %s", err, content)
	}
	return value
}

// Both ways into the file, that of docker load and that of the OCI layout, lead
// over right digests to the program.
func TestImageHoldsTheProgram(t *testing.T) {
	t.Parallel()
	file, err := exampleImage().encode()
	if err != nil {
		t.Fatal(err)
	}
	files, _ := unpack(t, file)
	blob := func(d descriptor) []byte {
		t.Helper()
		content := files["blobs/sha256/"+strings.TrimPrefix(d.Digest, "sha256:")]
		if digest(content) != d.Digest || len(content) != d.Size {
			t.Fatalf("%s refers to %d bytes with the digest %s", d.Digest, len(content), digest(content))
		}
		return content
	}
	list := decode[index](t, files["index.json"])
	if len(list.Manifests) != 2 || list.Manifests[1].Annotations["org.opencontainers.image.ref.name"] != "calicoctl:v1.2.3" {
		t.Errorf("the index is %+v", list)
	}
	m := decode[manifest](t, blob(list.Manifests[0]))
	about := decode[config](t, blob(m.Config))
	if about.Architecture != "arm64" || about.OS != "linux" || strings.HasPrefix(about.Config.User, "0") ||
		about.Config.User == "" || about.Config.Entrypoint[0] != "/usr/bin/calicoctl" {
		t.Errorf("the configuration is %+v", about)
	}
	load := decode[[]loadable](t, files["manifest.json"])[0]
	if load.Config != "blobs/sha256/"+m.Config.Digest[7:] || load.Layers[0] != "blobs/sha256/"+m.Layers[0].Digest[7:] ||
		strings.Join(load.RepoTags, " ") != "calicoctl:latest calicoctl:v1.2.3" {
		t.Errorf("docker load finds %+v", load)
	}
	checkLayer(t, blob(m.Layers[0]), about.RootFS.DiffIDs[0])
}

func checkLayer(t *testing.T, packed []byte, want string) {
	t.Helper()
	unpacker, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	layer, err := io.ReadAll(unpacker)
	if err != nil || digest(layer) != want {
		t.Fatalf("the layer has the digest %s, want %s; error %v", digest(layer), want, err)
	}
	files, headers := unpack(t, layer)
	if string(files["usr/bin/calicoctl"]) != "a program" || string(files["usr/share/doc/calicoctl/LICENSE"]) != "a licence" || len(headers) != 7 {
		t.Errorf("the layer has %d entries", len(headers))
	}
	for _, h := range headers {
		mode := int64(0o755)
		if h.Name == "usr/share/doc/calicoctl/LICENSE" {
			mode = 0o644
		}
		if h.Uid != 0 || h.Gid != 0 || h.Mode != mode || h.ModTime.Unix() != 1_700_000_000 {
			t.Errorf("%s: user %d, group %d, mode %o, time %v", h.Name, h.Uid, h.Gid, h.Mode, h.ModTime)
		}
	}
}

func TestImageIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	var files [3][]byte
	for i, epoch := range []string{"1700000000", "1700000000", "1700000001"} {
		output := filepath.Join(dir, "image")
		err := run([]string{"--program", program, "--texts", program, "--output", output, "--version", "v1"}, epoch)
		if err != nil {
			t.Fatal(err)
		}
		if files[i], err = os.ReadFile(output); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) || bytes.Equal(files[1], files[2]) {
		t.Error("the bytes depend on something else than the time that was said, or not on that")
	}
}

func TestImageWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ words, epoch, want string }{
		{"", "", "usage: image "},
		{"--program nothing --output x more", "", "usage: image "},
		{"--program no-such-file --output x", "", "no-such-file"},
		{"--program no-such-file --output x", "yesterday", `SOURCE_DATE_EPOCH: "yesterday" is not`},
	} {
		if err := run(strings.Fields(test.words), test.epoch); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: error %v, want %s", test.words, err, test.want)
		}
	}
}
