package names_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/testkit/profiletest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// stored are profiles by ID.
type stored map[string]*profile.Profile

func (s stored) Has(id string) bool { return s[id] != nil }

func (s stored) Prefixed(string) []string { return nil }

func (s stored) Profile(id string) (*profile.Profile, error) {
	if p := s[id]; p != nil {
		return p, nil
	}
	return nil, fault.ErrNotFound
}

func networks(named map[string]string) names.Directory {
	var list []resolve.Network
	for name, id := range named {
		list = append(list, resolve.Network{ID: id, Name: name})
	}
	return names.Directory{Networks: resolve.NewNetworks(list)}
}

func profiles(t *testing.T, ids ...string) stored {
	s := stored{}
	for _, id := range ids {
		s[id] = profiletest.New(t, id)
	}
	return s
}

// Which profile a NAME means depends on Docker's networks and on which profiles exist.
func TestTarget(t *testing.T) {
	t.Parallel()
	db, web := id("a"), id("b")
	d := networks(map[string]string{"db": db, "web": web})
	for _, c := range []struct {
		word   string
		exist  []string
		picked string // the ID
		pair   bool   // there are two
		newID  string
	}{
		{word: "db", exist: []string{db}, picked: db, newID: db},
		{word: "db", exist: []string{"db"}, picked: "db", newID: db},
		{word: "db", exist: []string{"db", db}, pair: true, newID: db},
		{word: "db", exist: []string{web}, newID: db},
		{word: db, exist: []string{"db", db}, picked: db, newID: db},
		{word: db[:12], exist: []string{db}, picked: db, newID: db},
		{word: "plain", exist: []string{"plain"}, picked: "plain", newID: "plain"},
		{word: "plain", newID: "plain"},
	} {
		target, err := d.Target(c.word)
		if err != nil {
			t.Errorf("%s: %v", c.word, err)
			continue
		}
		p, err := target.Pick(profiles(t, c.exist...))
		var pair *names.PairError
		switch {
		case c.pair && !errors.As(err, &pair):
			t.Errorf("%s of %q: %v, want a pair", c.word, c.exist, err)
		case c.picked == "" && !c.pair && !errors.Is(err, fault.ErrNotFound):
			t.Errorf("%s of %q: %v, want none", c.word, c.exist, err)
		case c.picked != "" && (err != nil || p.ID != c.picked):
			t.Errorf("%s of %q: %v, %v, want %s", c.word, c.exist, p, err, c.picked)
		}
		if target.NewID() != c.newID {
			t.Errorf("%s is created as %s, want %s", c.word, target.NewID(), c.newID)
		}
	}
}

// A name that several networks have is an error that names both.
func TestTargetIsAmbiguous(t *testing.T) {
	t.Parallel()
	d := names.Directory{Networks: resolve.NewNetworks([]resolve.Network{{ID: id("a"), Name: "db"}, {ID: id("b"), Name: "db"}})}
	var ambiguous *resolve.AmbiguousError
	if _, err := d.Target("db"); !errors.As(err, &ambiguous) {
		t.Errorf("%v", err)
	}
	if target := d.ByID(id("a")); target.Network == nil || target.Network.ID != id("a") {
		t.Errorf("%+v", target)
	}
}

// Of a pair, a command that shows takes the profile of the name; none is created.
func TestPair(t *testing.T) {
	t.Parallel()
	db := id("a")
	target, err := networks(map[string]string{"db": db}).Target("db")
	if err != nil {
		t.Fatal(err)
	}
	both := profiles(t, "db", db)
	if p, pair, err := target.PreferName(both); err != nil || p.ID != "db" || pair == nil || pair.ID != db {
		t.Errorf("%v, %v, %v", p, pair, err)
	}
	if p, err := target.Create(profiles(t, "db")); !errors.Is(err, fault.ErrRefused) {
		t.Errorf("created %v beside one of the name, %v", p, err)
	}
	if p, err := target.Create(profiles(t)); err != nil || p.ID != db || !slices.Equal(p.Tags(), []string{db}) {
		t.Errorf("%v, %v", p, err)
	}
}

// A copy has its own tag where the old profile has that of its name.
func TestCopy(t *testing.T) {
	t.Parallel()
	target, err := names.Directory{}.Target("new")
	if err != nil {
		t.Fatal(err)
	}
	old := profiletest.New(t, "old", "old=", "stage=test", "inbound allow from tag old")
	p, err := target.Copy(profiles(t), old)
	if err != nil || p.ID != "new" || !slices.Equal(p.Tags(), []string{"new"}) || rules.Format(p.Inbound[0].Rule) != "allow from tag old" {
		t.Errorf("%+v, %v", p, err)
	}
	old = profiletest.New(t, "old", "old=", "new=value")
	if _, err := target.Copy(profiles(t), old); !errors.Is(err, fault.ErrRefused) {
		t.Errorf("%v", err)
	}
}

// Without an answer of Docker, only full IDs mean what they would mean with it.
func TestNeed(t *testing.T) {
	t.Parallel()
	d := names.Directory{Err: errors.New("no answer.")}
	if err := d.Need(id("a"), id("b")); err != nil {
		t.Error(err)
	}
	var docker *names.DockerError
	if err := d.Need(id("a"), "db"); !errors.As(err, &docker) || !errors.Is(err, d.Err) {
		t.Error(err)
	}
	if err := (names.Directory{}).Need("db"); err != nil {
		t.Error(err)
	}
}

// A tag is stored as the ID of a network that has a profile, or as it was typed.
func TestResolve(t *testing.T) {
	t.Parallel()
	db, web := id("a"), id("b")
	d := networks(map[string]string{"db": db, "web": web})
	tags, err := d.Tags([]string{"db", "web", "plain"}, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		exist []string
		want  []string // of db, web and plain
	}{
		{nil, []string{"db", "web", "plain"}},
		{[]string{db}, []string{db, "web", "plain"}},
		{[]string{db, "web", "plain"}, []string{db, "web", "plain"}},
	} {
		if got, err := tags.ResolveAll(profiles(t, c.exist...), []string{"db", "web", "plain"}); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, %v, want %q", c.exist, got, err, c.want)
		}
	}
	var wrong *names.TagError
	if _, err := tags.ResolveAll(profiles(t, "db", db), []string{"db"}); !errors.As(err, &wrong) {
		t.Errorf("%v", err)
	}
	tags.Plan(names.IDs{web: true}, names.IDs{})
	if got, err := tags.Resolve(profiles(t), "web"); err != nil || got != web {
		t.Errorf("%q, %v: a planned profile is taken to exist", got, err)
	}
}

// Check refuses tags that match nothing, in new rules of a profile named by an ID.
func TestCheck(t *testing.T) {
	t.Parallel()
	db, web := id("a"), id("b")
	d := networks(map[string]string{"db": db, "web": web})
	for _, c := range []struct {
		name    string
		profile string
		had     string // a rule of the profile
		rule    string
		exist   []string
		want    string // the error; uncarried for an *UncarriedError
	}{
		{name: "a network with a profile", profile: db, rule: "allow from tag web", exist: []string{web}},
		{name: "a network without", profile: db, rule: "allow from tag web", want: "network web has no profile; run calicoctl profile add web"},
		{name: "neither network nor profile", profile: db, rule: "allow from tag wbe", want: "uncarried"},
		{name: "a profile", profile: db, rule: "allow from tag plain", exist: []string{"plain"}},
		{name: "a rule that was there", profile: db, had: "inbound allow from tag wbe", rule: "allow from tag wbe"},
		{name: "a profile that is named by hand", profile: "db2", rule: "allow from tag wbe"},
	} {
		rule, err := rules.ParseLine(c.rule, 0)
		if err != nil {
			t.Fatal(err)
		}
		tags, err := d.Tags(rule.Tags(), true)
		if err != nil {
			t.Fatal(err)
		}
		there := profiles(t, c.exist...)
		resolved, err := tags.ResolveRules(there, []rules.Rule{rule})
		if err != nil {
			t.Fatal(err)
		}
		lines := []string{c.had}
		if c.had == "" {
			lines = nil
		}
		err = tags.Check(there, profiletest.New(t, c.profile, lines...), []rules.Rule{rule}, resolved)
		var uncarried *names.UncarriedError
		switch {
		case c.want == "uncarried" && errors.As(err, &uncarried):
		case c.want == "" && err == nil, err != nil && err.Error() == c.want:
		default:
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// An ID is shown by a name only if the name leads back to it.
func TestShown(t *testing.T) {
	t.Parallel()
	db, web, odd := id("a"), id("b"), id("c")
	d := networks(map[string]string{"db": db, "web": web, "two words": odd})
	for _, c := range []struct {
		exist    []string
		id, want string
	}{
		{[]string{db}, db, "db"},
		{nil, db, db},                 // the name would mean a tag of its own
		{[]string{db, "db"}, db, db},  // the name would mean either
		{[]string{odd}, odd, odd},     // the name is none in the language
		{[]string{"plain"}, "x", "x"}, // no network
	} {
		shown := names.Shown{Networks: d.Networks, There: profiles(t, c.exist...)}
		if got := shown.Name(c.id); got != c.want {
			t.Errorf("%s of %q is shown as %s, want %s", c.id, c.exist, got, c.want)
		}
	}
	shown := names.Shown{Networks: d.Networks}.With(names.IDs{db: true})
	if !shown.Misleads("db") || shown.Misleads("web") || shown.Misleads(db) {
		t.Error("only a tag that would mean the network's misleads")
	}
	if p := profiletest.New(t, "p", "inbound allow from tag db"); !errors.Is(shown.Unambiguous(p), fault.ErrRefused) {
		t.Error("the text would be read back with another tag")
	}
	p := profiletest.New(t, db, db+"/tag=", "inbound allow from tag "+db)
	if got := shown.NetworksIn(p); len(got) != 1 || got["db"] != db {
		t.Errorf("%q", got)
	}
}
