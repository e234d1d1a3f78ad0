package main

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/calicoctl/calicoctl/internal/etcd"
)

// refuseEmpty returns an error for a setting that is given and has no value: most
// likely a shell variable was to stand there, and without the setting the command
// would use another etcd or another file. Flags that are no settings say
// themselves what they expect.
func refuseEmpty(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		isSetting := strings.HasPrefix(f.Name, "etcd-") || f.Name == "config" || f.Name == "log-level" || f.Name == "filename"
		if isSetting && err == nil && isEmpty(f.Value) {
			err = &etcd.EmptySettingError{Name: "--" + f.Name}
		}
	})
	return err
}

func isEmpty(value pflag.Value) bool {
	switch v := value.(type) {
	case *endpointsFlag:
		return v.empty
	case pflag.SliceValue:
		for _, one := range v.GetSlice() {
			if strings.TrimSpace(one) == "" {
				return true
			}
		}
		return false
	}
	return strings.TrimSpace(value.String()) == ""
}

// An endpointsFlag is a flag for URLs with commas between them. It may be given
// several times.
type endpointsFlag struct {
	list  *[]string
	empty bool // it was given without a URL
}

func (f *endpointsFlag) Set(text string) error {
	urls := etcd.SplitEndpoints(text)
	f.empty = f.empty || len(urls) == 0
	*f.list = append(*f.list, urls...)
	return nil
}

// String returns nothing: the URLs may hold passwords.
func (f *endpointsFlag) String() string { return "" }

// Type names the kind of the value for pflag.
func (f *endpointsFlag) Type() string { return "URLS" }
