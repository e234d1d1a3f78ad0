// Command image writes a container image that holds nothing but calicoctl and its
// licences, as a file that "docker load" reads and that is an OCI image layout at
// the same time. It needs neither an engine nor a registry, and writes the same bytes each time.
//
// There are no certificates in it: an etcd has an authority of its own, whose
// certificate is given as a file (ETCD_CA_CERT_FILE).
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Getenv("SOURCE_DATE_EPOCH")); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(args []string, epoch string) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	program := flags.String("program", "", "the static `FILE` to run")
	texts := flags.String("texts", "", "`FILES` about the program that go with it, such as its licence, separated by commas")
	output := flags.String("output", "", "the `FILE` to write")
	arch := flags.String("arch", "amd64", "the architecture of the program")
	version := flags.String("version", "dev", "the version of the program")
	tags := flags.String("tags", "calicoctl:latest", "names of the image, separated by commas")
	switch err := flags.Parse(args); {
	case err != nil:
		return err
	case flags.NArg() > 0 || *program == "" || *output == "":
		return errors.New("usage: image --program FILE --output FILE [--texts FILES] [--arch ARCH] [--version VERSION] [--tags TAGS]")
	}
	created, err := creationTime(epoch)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(*program)
	if err != nil {
		return err
	}
	about, err := readTexts(*texts)
	if err != nil {
		return err
	}
	file, err := image{
		program: content, texts: about, arch: *arch, version: *version,
		tags: strings.Split(*tags, ","), created: created,
	}.encode()
	if err != nil {
		return err
	}
	return os.WriteFile(*output, file, 0o644)
}

func readTexts(names string) (entries []entry, err error) {
	for name := range strings.SplitSeq(names, ",") {
		if name == "" {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{name: textsPath + filepath.Base(name), content: content})
	}
	return entries, nil
}

// creationTime reads the time that everything in the image has: seconds since
// 1970, or 1970 where nothing is said.
func creationTime(epoch string) (time.Time, error) {
	if epoch == "" {
		epoch = "0"
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %q is not a number of seconds", epoch)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
