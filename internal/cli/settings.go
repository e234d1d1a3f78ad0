package cli

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/calicoctl/calicoctl/internal/etcd"
)

// CheckSettings rejects a setting with an empty value. Most likely a shell variable is
// empty, and without the setting the command would use another etcd or another file.
// Other flags check their values themselves.
func CheckSettings(flags *pflag.FlagSet) (err error) {
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
	case *EndpointsFlag:
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

// An EndpointsFlag is a flag for URLs with commas between them. It may be given
// several times.
type EndpointsFlag struct {
	list  *[]string
	empty bool // it was given without a URL
}

// NewEndpointsFlag returns a flag that appends to a list.
func NewEndpointsFlag(list *[]string) *EndpointsFlag { return &EndpointsFlag{list: list} }

// Set appends URLs.
func (f *EndpointsFlag) Set(text string) error {
	urls := etcd.SplitEndpoints(text)
	f.empty = f.empty || len(urls) == 0
	*f.list = append(*f.list, urls...)
	return nil
}

// String returns nothing: the URLs may hold passwords.
func (f *EndpointsFlag) String() string { return "" }

// Type names the kind of the value for pflag.
func (f *EndpointsFlag) Type() string { return "URLS" }
