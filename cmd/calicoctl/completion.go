package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noFiles is the directive for words that are no names of files; keepOrder also
// keeps the shell from sorting them.
const (
	noFiles   = cobra.ShellCompDirectiveNoFileComp
	keepOrder = noFiles | cobra.ShellCompDirectiveKeepOrder
)

// complete answers a shell, and says nothing else: what is wrong with the words,
// or with etcd and Docker, will be said when the command is run.
func complete(ctx context.Context, a *app, root *cobra.Command, args []string) {
	a.msg.Out = io.Discard
	root.SetErr(io.Discard)
	completeTree(a, root, map[*pflag.Flag]bool{})
	named, err := cli.NameFirst(root, args)
	switch {
	case args[1] == "help": // which is about all of them
	case err == nil && !slices.Equal(named, args), cli.HasFlag(args, "--profile"):
		cli.HideBeforeName(root)
	default:
		cli.Hide(root, func(c *cobra.Command) bool { return !strings.Contains(cli.UsageLine(c), c.CommandPath()) })
	}
	if err == nil {
		root.SetArgs(named)
		err = root.ExecuteContext(ctx)
	}
	if err != nil {
		a.out.Reset()
		fmt.Fprintf(&a.out, ":%d\n", noFiles) // no words
	}
}

// completeTree lets every command complete its words and the values of its
// flags, as its usage line names them, unless it has its own way. Flags that a
// command shares with those above it are seen once.
func completeTree(a *app, cmd *cobra.Command, seen map[*pflag.Flag]bool) {
	if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 {
		cmd.ValidArgsFunction = bind(a, completeWord)
	}
	for _, set := range []*pflag.FlagSet{cmd.Flags(), cmd.PersistentFlags()} {
		set.VisitAll(func(f *pflag.Flag) {
			if seen[f] {
				return
			}
			seen[f] = true
			complete := flagCompletion(a, f)
			if _, has := cmd.GetFlagCompletionFunc(f.Name); !has && complete != nil {
				must(cmd.RegisterFlagCompletionFunc(f.Name, complete))
			}
			_, f.Usage = pflag.UnquoteUsage(f) // which is shown beside the flag
		})
	}
	for _, c := range cmd.Commands() {
		completeTree(a, c, seen)
	}
}

// flagCompletion returns what completes the value of a flag; nil leaves it to
// the shell, which knows files.
func flagCompletion(a *app, f *pflag.Flag) cobra.CompletionFunc {
	value, usage := pflag.UnquoteUsage(f)
	switch {
	case value == "FILE", f.NoOptDefVal != "":
		return nil
	case value == "NAME":
		return bind(a, completeName)
	}
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if (value == "N" || value == "M") && isOfRules(cmd) {
			return completePosition(a, cmd, args, typed)
		}
		return cobra.AppendActiveHelp(nil, usage), noFiles
	}
}

// completeWord completes the next word of a command.
func completeWord(a *app, cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	slots := cli.Slots(cmd)
	if len(slots) == 0 {
		return nil, noFiles
	}
	at := len(args)
	if last := slots[len(slots)-1]; at >= len(slots) && (last == "RULE" || strings.HasSuffix(last, "...")) {
		at = len(slots) - 1
	}
	if at >= len(slots) {
		return nil, noFiles
	}
	switch slot := slots[at]; {
	case slot == "NAME", slot == "NAME...":
		return completeName(a, cmd, args, typed)
	case slot == "TAG":
		return completeTag(a, cmd, typed), noFiles
	case slot == "RULE":
		return completeRule(a, cmd, args[at:], typed)
	case strings.Contains(slot, "|"):
		return beginning(strings.Split(slot, "|"), typed), noFiles
	}
	return nil, noFiles
}

// beginning returns those of the words that begin as what is typed.
func beginning(words []string, typed string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool { return !strings.HasPrefix(word, typed) })
}

// Nobody waits for a word longer than for a key that was pressed, and most of the
// 200 ms in which it should be there are left to etcd. Docker gets less, because
// without it the names of profiles are known all the same.
const (
	completionTime = 130 * time.Millisecond
	dockerShare    = 0.4
	lastMoment     = 20 * time.Millisecond // in which what was found by then is handed over
)

// lookUp asks etcd and Docker. What does not come in time is not there; ask may
// return a part together with an error.
func lookUp[T any](cmd *cobra.Command, a *app, ask func(context.Context, *session) (T, error)) (found T) {
	if a.prepare(cmd) != nil {
		return found
	}
	limit, err := time.ParseDuration(a.io.getenv("CALICOCTL_COMPLETION_TIMEOUT"))
	if err != nil || limit <= 0 {
		limit = completionTime
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), min(limit, a.flags.timeout))
	defer cancel()
	a.dockerTime = time.Duration(dockerShare * float64(limit))
	done := make(chan T, 1)
	go func() {
		var answer T
		if s, err := a.connect(ctx); err == nil {
			answer, _ = ask(ctx, s)
		}
		done <- answer
	}()
	select {
	case found = <-done:
	case <-time.After(min(limit, a.flags.timeout) + lastMoment):
	}
	return found
}

// A completer completes the argument that is being typed.
type completer func(a *app, cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective)

// bind makes a completer what cobra calls.
func bind(a *app, complete completer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return complete(a, cmd, args, typed)
	}
}
