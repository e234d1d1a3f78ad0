package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// A world is what one script has to itself.
type world struct {
	etcd       *embedetcd.Server
	client     *clientv3.Client
	interposer *etcdtest.Interposer
	beside     *beside
	accepted   chan struct{} // gets something when a hanging port is connected to
	containers sync.Map      // of the fake engine; see script_container_test.go
}

type worldKey struct{}

func setupScript(env *testscript.Env) error {
	env.Values[worldKey{}] = &world{accepted: make(chan struct{}, 1)}
	testdata, err := filepath.Abs(filepath.Join("..", "..", "testdata"))
	if err != nil {
		return err
	}
	env.Vars = append(
		env.Vars,
		"DOCKER_HOST=unix://"+filepath.Join(env.WorkDir, "no-engine.sock"),
		"ETCD_ENDPOINTS=http://127.0.0.1:1", // until the script starts one
		"TESTDATA="+testdata,
		raceOptions,
		"PROFILES=/calico/resources/v3/projectcalico.org/profiles",
		"LOCK=/calico/resources/v3/projectcalico.org/clusterinformations/default",
	)
	return nil
}

// raceOptions: a program under the race detector ends a second late otherwise.
const raceOptions = "GORACE=atexit_sleep_ms=0"

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// scriptCommands are the commands that scripts have beside testscript's:
//
//	exits N command...         run a command that must end with exit code N
//	etcd                       start an etcd; ETCD_ENDPOINTS names it
//	etcd-put KEY FILE          write a key; \xNN in KEY is that byte
//	etcd-get KEY FILE          compare a key's value with a file, byte for byte
//	etcd-absent KEY            make sure that a key is not there
//	etcd-writes KEY N          how often a key was written since it was created
//	etcd-full                  etcd has no space left
//	before-commit put|delete KEY [FILE]
//	                           from now on, between a command's read and its
//	                           first write, another client writes a key
//	lose-answer N              from now on the answer to write N is lost
//	lose-request N             ... before it reaches etcd
//	lose-rest N                write N and all that follows is lost
//	stall-answer N             the answer to write N never comes
//	stall-request N            write N never reaches etcd
//	count-requests             from now on requests are counted
//	requests TXNS [RANGES]     how many transactions and range reads there were
//	                           since one of the above
//	hang VARIABLE              a port that accepts and never answers
//	http-server VARIABLE       a port where a web server listens
//	hang-docker                a Docker socket that accepts and never answers
//	deny-docker                a Docker socket without permission to connect
//	fake-docker VAR=NAME...    an engine that has these networks; VAR is the ID
//	fake-container NAME [VAR=ADDRESS...]
//	                           the fake engine has this container, on these networks;
//	                           without any, it does not run
//	docker-container VAR NAME ID
//	                           start a container on a network of the real engine; VAR
//	                           is its address
//	real-docker                use the real engine
//	docker-network VAR NAME    create a network; VAR is its ID
//	docker-twin VAR NAME       a second network of that name
//	interrupt N command...     Ctrl-C as soon as the command has connected to a
//	                           hanging port; it must end with exit code N
//	closed-pipe command...     nobody reads what the command prints
//	etcd-compact, etcd-remove, lose-watch, compact-before-watch: see script_past_test.go
//	start, sees, types, closes, ends: see script_beside_test.go
//	certificates, secure-etcd, tls-server, etcd-users: see script_secured_test.go
//	expand FILE...             fill templates; see script_hostile_test.go, also for
//	etcd-fill N KEYFILE FILE
//	within TIME exits N command...
//	safe                       nothing was printed that a terminal would obey
//	wrong-words FILE           see wrong_words_test.go
//	shown FILE                 see docs_test.go
//	calico                     see script_more_test.go
//	utf16 FROM TO              see script_more_test.go
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"exits":          scriptExits,
		"etcd":           scriptEtcd,
		"etcd-put":       scriptPut,
		"etcd-get":       scriptGet,
		"etcd-absent":    scriptAbsent,
		"etcd-writes":    scriptWrites,
		"before-commit":  scriptBeforeCommit,
		"before-request": scriptBeforeRequest, // see script_more_test.go
		"lose-answer":    scriptLoseAnswer,
		"lose-request":   scriptLoseRequest,
		"lose-rest":      scriptLoseRest,
		"stall-answer":   scriptStallAnswer,
		"stall-request":  scriptStallRequest,
		"etcd-full":      scriptFull, // see script_more_test.go
		"count-requests": scriptCountRequests,
		"requests":       scriptRequests,
		"hang":           scriptHang,
		"http-server":    scriptHTTPServer,
		"hang-docker":    scriptHangDocker,
		"deny-docker":    scriptDenyDocker,
		"fake-docker":    scriptFakeDocker,
		"fake-container": scriptFakeContainer, // and docker-container: see script_container_test.go
		"real-docker":    scriptRealDocker,
		"docker-network": scriptDockerNetwork,
		"docker-twin":    scriptDockerTwin,

		"docker-container":     scriptDockerContainer,
		"interrupt":            scriptInterrupt,
		"closed-pipe":          scriptClosedPipe,
		"certificates":         scriptCertificates, // and the next three: see script_secured_test.go
		"secure-etcd":          scriptSecureEtcd,
		"tls-server":           scriptTLSServer,
		"etcd-users":           scriptUsers,
		"wrong-words":          scriptWrongWords,
		"shown":                scriptShown,
		"expand":               scriptExpand,
		"etcd-fill":            scriptFill,
		"calico":               scriptCalico,
		"utf16":                scriptUTF16, // see script_more_test.go
		"within":               scriptWithin,
		"safe":                 scriptSafe,
		"etcd-compact":         scriptCompact, // see script_past_test.go
		"etcd-learner":         scriptLearner, // see script_past_test.go
		"etcd-remove":          scriptRemove,
		"lose-watch":           scriptLoseWatch,
		"compact-before-watch": scriptCompactBeforeWatch,
		"start":                scriptStart, // and the next four: see script_beside_test.go
		"sees":                 scriptSees,
		"types":                scriptTypes,
		"closes":               scriptCloses,
		"ends":                 scriptEnds,
		"lose-rest-of-write":   scriptLoseRestOfWrite,
	}
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func scriptEtcd(ts *testscript.TestScript, _ bool, _ []string) {
	startEtcd(ts, embedetcd.Options{Fast: true}, nil) // see script_secured_test.go
}

func scriptPut(ts *testscript.TestScript, _ bool, args []string) {
	key, err := strconv.Unquote(`"` + args[0] + `"`)
	ts.Check(err)
	_, err = worldOf(ts).client.Put(context.Background(), key, readTrimmed(ts, args[1]))
	ts.Check(err)
}

// readTrimmed returns a file without the newline at its end, which a file in a
// script always has.
func readTrimmed(ts *testscript.TestScript, name string) string {
	return strings.TrimSuffix(ts.ReadFile(name), "\n")
}

func scriptGet(ts *testscript.TestScript, _ bool, args []string) {
	got := valueOf(ts, args[0])
	if got == nil {
		ts.Fatalf("there is no key %s", args[0])
	}
	if want := readTrimmed(ts, args[1]); *got != want {
		ts.Fatalf("%s is\n%s\nwant\n%s", args[0], *got, want)
	}
}

func scriptAbsent(ts *testscript.TestScript, _ bool, args []string) {
	if got := valueOf(ts, args[0]); got != nil {
		ts.Fatalf("%s is there: %s", args[0], *got)
	}
}

func scriptWrites(ts *testscript.TestScript, _ bool, args []string) {
	answer, err := worldOf(ts).client.Get(context.Background(), args[0])
	ts.Check(err)
	got := int64(0)
	if len(answer.Kvs) > 0 {
		got = answer.Kvs[0].Version
	}
	if strconv.FormatInt(got, 10) != args[1] {
		ts.Fatalf("%s was written %d times, want %s", args[0], got, args[1])
	}
}

func valueOf(ts *testscript.TestScript, key string) *string {
	answer, err := worldOf(ts).client.Get(context.Background(), key)
	ts.Check(err)
	if len(answer.Kvs) == 0 {
		return nil
	}
	value := string(answer.Kvs[0].Value)
	return &value
}

func scriptCondition(condition string) (bool, error) {
	switch condition {
	case "docker":
		return dockerAnswers(), nil
	case "other-etcd": // not the server that is part of the tests
		return os.Getenv(embedetcd.ProgramVariable) != "", nil
	case "docker-twins":
		return dockerTwins(), nil
	}
	return false, fmt.Errorf("unknown condition %q", condition)
}

// mustHaveDocker fails where the absence of Docker is a failure.
func mustHaveDocker(t *testing.T) {
	t.Helper()
	if !dockerAnswers() {
		if os.Getenv("CALICOCTL_TEST_DOCKER") == "1" {
			t.Fatal("no Docker engine answers, although CALICOCTL_TEST_DOCKER=1")
		}
		t.Skip("no Docker engine answers")
	}
}

func TestDockerIsThereWhereItMustBe(t *testing.T) {
	t.Parallel()
	mustHaveDocker(t)
}
