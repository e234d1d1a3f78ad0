package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
	"time"
)

const (
	programPath = "usr/bin/calicoctl"
	textsPath   = "usr/share/doc/calicoctl/"
	user        = "65532:65532" // nobody's; any that is not root

	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// An image is a program and what is said of it.
type image struct {
	program       []byte
	texts         []entry // about the program
	arch, version string
	tags          []string
	created       time.Time
}

// A descriptor refers to a blob.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

// manifest is the OCI manifest.
type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

// index lists the manifests of an OCI layout.
type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

// config is what an engine knows of an image.
type config struct {
	Created time.Time `json:"created"`
	platform
	Config struct {
		User       string
		Env        []string
		Entrypoint []string
		WorkingDir string
		Labels     map[string]string
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	History []history `json:"history"`
}

type history struct {
	Created   time.Time `json:"created"`
	CreatedBy string    `json:"created_by"`
}

// loadable is how "docker load" finds its way: as in an archive of "docker save".
type loadable struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// encode returns the file of the image.
func (i image) encode() ([]byte, error) {
	layer, err := i.layer()
	if err != nil {
		return nil, err
	}
	packed, err := compress(layer)
	if err != nil {
		return nil, err
	}
	about, err := json.Marshal(i.config(layer))
	if err != nil {
		return nil, err
	}
	m := manifest{2, typeManifest, describe(typeConfig, about), []descriptor{describe(typeLayer, packed)}}
	manifested, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	list, err := json.Marshal(i.index(manifested))
	if err != nil {
		return nil, err
	}
	load, err := json.Marshal([]loadable{{blobPath(about), i.tags, []string{blobPath(packed)}}})
	if err != nil {
		return nil, err
	}
	return archive(i.created, []entry{
		{name: "blobs/"},
		{name: "blobs/sha256/"},
		{name: blobPath(about), content: about},
		{name: blobPath(packed), content: packed},
		{name: blobPath(manifested), content: manifested},
		{name: "index.json", content: list},
		{name: "manifest.json", content: load},
		{name: "oci-layout", content: []byte(`{"imageLayoutVersion":"1.0.0"}`)},
	})
}

// layer returns the file system of the image.
func (i image) layer() ([]byte, error) {
	return archive(i.created, append([]entry{
		{name: "usr/"},
		{name: path.Dir(programPath) + "/"},
		{name: programPath, content: i.program, mode: 0o755},
		{name: "usr/share/"},
		{name: "usr/share/doc/"},
		{name: textsPath},
	}, i.texts...))
}

func (i image) config(layer []byte) config {
	c := config{Created: i.created, platform: platform{i.arch, "linux"}}
	c.Config.User = user
	c.Config.Env = []string{"PATH=/usr/bin"}
	c.Config.Entrypoint = []string{"/" + programPath}
	c.Config.WorkingDir = "/"
	c.Config.Labels = map[string]string{
		"org.opencontainers.image.title":    "calicoctl",
		"org.opencontainers.image.version":  i.version,
		"org.opencontainers.image.licenses": "Apache-2.0",
		"org.opencontainers.image.source":   "https://github.com/calicoctl/calicoctl",
	}
	c.RootFS.Type = "layers"
	c.RootFS.DiffIDs = []string{digest(layer)}
	c.History = []history{{i.created, "calicoctl " + i.version}}
	return c
}

// index names the one manifest by each of the tags.
func (i image) index(manifested []byte) index {
	list := index{SchemaVersion: 2, MediaType: typeIndex}
	for _, tag := range i.tags {
		d := describe(typeManifest, manifested)
		d.Platform = &platform{i.arch, "linux"}
		d.Annotations = map[string]string{
			"org.opencontainers.image.ref.name": tag,
			"io.containerd.image.name":          "docker.io/library/" + tag,
		}
		list.Manifests = append(list.Manifests, d)
	}
	return list
}

func describe(mediaType string, content []byte) descriptor {
	return descriptor{MediaType: mediaType, Digest: digest(content), Size: len(content)}
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func blobPath(content []byte) string { return "blobs/sha256/" + digest(content)[len("sha256:"):] }

func compress(content []byte) ([]byte, error) {
	var out bytes.Buffer
	packer, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := packer.Write(content); err != nil {
		return nil, err
	}
	err = packer.Close()
	return out.Bytes(), err
}

// An entry is a file of an archive, or a directory, whose name ends with a slash.
type entry struct {
	name    string
	content []byte
	mode    int64 // 0 is 0644, and 0755 for a directory
}

// archive returns a tar of the entries, all of root's and of one time.
func archive(created time.Time, entries []entry) ([]byte, error) {
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.content)), ModTime: created, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if e.name[len(e.name)-1] == '/' {
			header.Typeflag, header.Mode = tar.TypeDir, 0o755
		} else if e.mode == 0 {
			header.Mode = 0o644
		}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := writer.Write(e.content); err != nil {
			return nil, err
		}
	}
	err := writer.Close()
	return out.Bytes(), err
}
