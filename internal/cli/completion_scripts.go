package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// bashWords follows cobra's script for bash, which splits the line with the package
// bash-completion and fails on hosts that do not have it.
const bashWords = `
# Where the package bash-completion is not there: the words of the line up to the
# cursor. Bash also splits them at = and :, where no blank stands between.
__calicoctl_init_completion()
{
    local line=${COMP_LINE:0:COMP_POINT} word i
    COMPREPLY=()
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if ((i > 0)) && [[ $line != [[:blank:]]* ]]; then
            word=${words[${#words[@]}-1]}
            unset "words[${#words[@]}-1]"
        else
            word=
            line=${line#"${line%%[![:blank:]]*}"}
        fi
        if ((i == COMP_CWORD)); then
            words+=("$word$line")
        else
            words+=("$word${COMP_WORDS[i]}")
            line=${line#"${COMP_WORDS[i]}"}
        fi
    done
    cword=$((${#words[@]}-1))
    cur=${words[cword]}
    prev=
    ((cword == 0)) || prev=${words[cword-1]}
}
`

// A shellHelp says how a shell gets its script.
type shellHelp struct{ name, now, always string }

func shellHelps() []shellHelp {
	return []shellHelp{
		{"bash", "source <(calicoctl completion bash)", "calicoctl completion bash > /etc/bash_completion.d/calicoctl"},
		{"zsh", "source <(calicoctl completion zsh)", `calicoctl completion zsh > "${fpath[1]}/_calicoctl"`},
		{"fish", "calicoctl completion fish | source", "calicoctl completion fish > ~/.config/fish/completions/calicoctl.fish"},
		{"powershell", "calicoctl completion powershell | Out-String | Invoke-Expression", "calicoctl completion powershell >> $PROFILE"},
	}
}

// AddCompletion adds cobra's command, but wrong arguments are an error, and the script
// for bash needs no package of bash's.
func AddCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	completion := below(root, "completion")
	completion.Short = "Print the script that completes commands in a shell"
	completion.Long = `Prints a script for a shell. The Tab key then completes commands, flags, the names of
profiles and Docker networks, tags, keywords of rules, and positions of rules.
Completion waits at most 130 ms for etcd and Docker, or as long as
CALICOCTL_COMPLETION_TIMEOUT says. It prints no errors.`
	completion.Example = "  source <(calicoctl completion bash)"
	completion.Annotations = map[string]string{"usage": "calicoctl completion (bash|zsh|fish|powershell) [flags]"}
	completion.Args = UnknownCommand
	completion.RunE = func(cmd *cobra.Command, _ []string) error { return MissingCommand(cmd) }
	for _, help := range shellHelps() {
		shell := below(completion, help.name)
		shell.Short = "Print the script for " + help.name
		shell.Long = fmt.Sprintf("Prints the script for %s. To have it now:\n\n  %s\n\nand in every new shell:\n\n  %s",
			help.name, help.now, help.always)
		shell.Args = NoArguments
		if write := shell.RunE; help.name == "bash" && write != nil {
			shell.RunE = func(cmd *cobra.Command, args []string) error {
				err := write(cmd, args)
				if err == nil {
					_, err = io.WriteString(cmd.OutOrStdout(), bashWords)
				}
				return err
			}
		}
	}
}

// below returns the command of that name below another one. It is an empty one if there
// is none.
func below(parent *cobra.Command, name string) *cobra.Command {
	for _, c := range parent.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return &cobra.Command{}
}
