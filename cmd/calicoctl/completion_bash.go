package main

import "github.com/spf13/cobra"

// bashWords stands behind cobra's script for bash, which takes the words of the
// line from the package bash-completion and fails on hosts that do not have it.
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

// completionCommand is cobra's, but wrong words are an error, and bash needs
// nothing else.
func (a *app) completionCommand(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	completion, _, err := root.Find([]string{"completion"})
	must(err)
	completion.Args = unknownCommand
	completion.RunE = func(cmd *cobra.Command, _ []string) error { return missingCommand(cmd) }
	for _, shell := range completion.Commands() {
		if write := shell.RunE; shell.Name() == "bash" {
			shell.RunE = func(cmd *cobra.Command, args []string) error {
				err := write(cmd, args)
				a.out.WriteString(bashWords)
				return err
			}
		}
	}
}
