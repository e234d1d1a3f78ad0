package rules_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

func storedRule(t testing.TB, words string) rules.Rule {
	t.Helper()
	r, err := rules.ParseLine(words, rules.AsStored)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// swarmID is the ID of a network of a swarm.
const swarmID = "0z1y2x3w4v5u6t7s8r9qpaobn"

func TestProfileListing(t *testing.T) {
	t.Parallel()
	profiles := []rules.ProfileListing{
		{
			Name: "web", Revision: 17, Tags: []string{"to", "web"}, HasTags: true, Line: 1,
			Networks: map[string]string{"web": networkID, "to": swarmID},
			Inbound:  []rules.Rule{storedRule(t, `allow from tag "to"`), storedRule(t, "allow tcp [http GET /foo]")},
			Outbound: []rules.Rule{storedRule(t, "allow")},
		},
		{Name: "it's \"odd\"\n:\xff é", HasTags: true, Line: 11},
		{Name: "", HasTags: true, Line: 15},
	}
	const want = `Profile web:
# revision 17
# network to is ` + swarmID + `
# network web is ` + networkID + `
Tags: to, web
Inbound rules:
   1 allow from tag "to"
   2 allow tcp [http GET /foo]
Outbound rules:
   1 allow
Profile "it's \"odd\"\n:\xff \u00e9":
Tags:
Inbound rules:
Outbound rules:
Profile "":
Tags:
Inbound rules:
Outbound rules:
`
	var text strings.Builder
	for _, l := range profiles {
		text.WriteString(rules.FormatProfile(l))
	}
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Error(diff)
	}
	again, err := rules.ParseProfiles(want, rules.AsStored)
	if diff := cmp.Diff(profiles, again, cmpopts.EquateEmpty(), compareNets); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// What a file may look like that says "Profile web", revision 5, the tag a, and
// one rule in each list.
func TestProfilesByHand(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"as it is written":  "Profile web:\n# revision 5\nTags: a\nInbound rules:\n   1 allow\nOutbound rules:\n   1 deny\n",
		"no colon, numbers": "Profile web\n# revision 5\nTags: a\nInbound rules:\nallow\nOutbound rules:\ndeny",
		"blanks":            "\n\n  Profile   web :  \n\t# revision 5 \n Tags:a\n\n Inbound rules: \n\n\t12\tallow\t \n\n  Outbound rules:\n 3   deny \n\n",
		"Windows":           "\ufeffProfile web:\r\n# revision 5\r\nTags: a\r\nInbound rules:\r\n   1 allow\r\nOutbound rules:\r\n   1 deny\r\n",
		"other order":       "# revision x\nProfile web:\nTags: a\nOutbound rules:\ndeny\n# revision 5\nInbound rules:\n# why\nallow\n# revision 5",
		"quotes":            `Profile "web":` + "\n# revision 5\nTags: a\nInbound rules:\nallow\nOutbound rules:\ndeny\n",
	} {
		got, err := rules.ParseProfiles(text, rules.AsNew)
		want := []rules.ProfileListing{{
			Name: "web", Revision: 5, Tags: []string{"a"}, HasTags: true,
			Inbound: []rules.Rule{{Action: rules.Allow}}, Outbound: []rules.Rule{{Action: rules.Deny}},
		}}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(rules.ProfileListing{}, "Line"), compareNets); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if got, err := rules.ParseProfiles("# nothing\n\n", rules.AsNew); err != nil || got != nil {
		t.Error(got, err)
	}
	got, err := rules.ParseProfiles("Profile web:\nInbound rules:\nOutbound rules:\n", rules.AsNew)
	if err != nil || len(got) != 1 || got[0].HasTags || got[0].Revision != 0 {
		t.Error(got, err)
	}
}

// Where the lines of networks may stand, and which comments are none.
func TestNetworkLines(t *testing.T) {
	t.Parallel()
	const line = "# network web is " + networkID + "\n"
	for text, want := range map[string]map[string]string{
		"Profile a:\n" + line + "Inbound rules:\nOutbound rules:\n":                                    {"web": networkID},
		"Profile a:\nInbound rules:\n" + line + "allow\n\t" + line + "Outbound rules:\n":               {"web": networkID},
		"Profile a:\nInbound rules:\nOutbound rules:\n# network  x \t is  " + swarmID + " \r\n" + line: {"web": networkID, "x": swarmID},
		line + "Profile a:\nInbound rules:\nOutbound rules:\n":                                         nil,
		"Profile a:\n# network of the team is down\n# network\n# network web\n# network is\n#network web is x\n" +
			"# Network web is x\nInbound rules:\nOutbound rules:\n": nil,
	} {
		got, err := rules.ParseProfiles(text, rules.AsNew)
		if err != nil || len(got) != 1 || !cmp.Equal(got[0].Networks, want) {
			t.Errorf("%q: %+v, %v; want %v", text, got, err, want)
		}
	}
	got, err := rules.ParseProfiles("Profile a:\n"+line+"Inbound rules:\nOutbound rules:\nProfile b:\nInbound rules:\nOutbound rules:\n", rules.AsNew)
	if err != nil || len(got) != 2 || len(got[0].Networks) != 1 || got[1].Networks != nil {
		t.Error(got, err)
	}
	one, err := rules.ParseRevisedListing(line+"Inbound rules:\nOutbound rules:\n", rules.AsNew)
	if err != nil || one.Networks["web"] != networkID {
		t.Error(one, err)
	}
}

// Mistakes in files of profiles, and the line that each is said to be in.
func TestWrongProfiles(t *testing.T) {
	t.Parallel()
	const rest = "Inbound rules:\nOutbound rules:\n"
	for _, test := range []struct {
		text string
		line int
		want string
	}{
		{"allow", 1, `expected "Profile NAME:"`},
		{rest, 1, `expected "Profile NAME:" above`},
		{"\n\nTags: a\n", 3, `expected "Profile NAME:"`},
		{"Profile\n" + rest, 1, `expected "Profile NAME:"`},
		{"Profile web", 1, `the heading "Inbound rules:" is missing`},
		{"Profile web:\n", 1, `the heading "Inbound rules:" is missing`},
		{"Profile web:\nInbound rules:\n\n", 3, `the heading "Outbound rules:" is missing`},
		{"Profile web:\nOutbound rules:\nProfile db:\n" + rest, 3, `the heading "Inbound rules:" is missing`},
		{"Profile a b:\n" + rest, 1, `"a b" is no name (letters, digits, ., _ and -; any other stands in double quotes)`},
		{"Profile a\x1b:\n" + rest, 1, `"a\x1b" is no name (letters, digits, ., _ and -; any other stands in double quotes)`},
		{`Profile "a:` + "\n" + rest, 1, `the quotes of "a are wrong`},
		{`Profile "a\q":` + "\n" + rest, 1, `the quotes of "a\q" are wrong`},
		{"Profile a:\n# revision \x1b\n" + rest, 2, `expected a number after "# revision ", got "\x1b"`},
		{"Profile a:\n# revision -1\n" + rest, 2, `expected a number after "# revision ", got "-1"`},
		{"Profile a:\n# revision 0\n" + rest, 2, `expected a number after "# revision ", got "0"`},
		{"Profile a:\n" + rest + "# revision 7\n# revision 8\n", 5, `here stands revision 8, and above 7`},
		{"Profile a:\n# network b is down\n" + rest, 2, `expected "# network NAME is ID", where ID is a full one, got "# network b is down"`},
		{"Profile a:\n# network b is " + networkID[1:] + "\n" + rest, 2, `expected "# network NAME is ID", where ID is a full one, got "# network b is ` + networkID[1:] + `"`},
		{"Profile a:\n# network b is " + strings.ToUpper(networkID) + "\n" + rest, 2, `expected "# network NAME is ID", where ID is a full one, got "# network b is ` + strings.ToUpper(networkID) + `"`},
		{"Profile a:\n# network b is " + networkID + " now\n" + rest, 2, `expected "# network NAME is ID", where ID is a full one, got "# network b is ` + networkID + ` now"`},
		{"Profile a:\n# network \x1b is " + networkID + "\n" + rest, 2, `expected "# network NAME is ID", where ID is a full one, got "# network \x1b is ` + networkID + `"`},
		{"Profile a:\n# network b is\n" + rest, 2, `expected "# network NAME is ID", where ID is a full one, got "# network b is"`},
		{"Profile a:\n" + rest + "# network b is " + networkID + "\n# network b is " + swarmID, 5, `here network b is ` + swarmID + `, and above ` + networkID},
		{"Profile a:\nTags: b,,c\n" + rest, 2, `"" is not the name of a tag (letters, digits, ., _ and -); a comma stands between two`},
		{"Profile a:\nTags: b\nTags: c\n" + rest, 3, `the heading "Tags:" is repeated`},
		{"Profile a:\nInbound rules:\nInbound rules:\n", 3, `the heading "Inbound rules:" is repeated`},
		{"Profile a:\nTags: b\nallow\n" + rest, 3, `expected "Inbound rules:" or "Outbound rules:"`},
		{"Profile a:\n" + rest + "Tags: b\n", 4, `word 1 (Tags:): expected allow, deny, log or pass`},
		{"Profile a:\n" + rest + "1 alow\n", 4, `word 1 (alow): expected allow, deny, log or pass; did you mean "allow"?`},
	} {
		got, err := rules.ParseProfiles(test.text, rules.AsStored)
		wantListingError(t, test.text, err, test.line, test.want)
		if got != nil {
			t.Errorf("%q: %v beside an error", test.text, got)
		}
	}
}

func wantListingError(t *testing.T, text string, err error, line int, want string) {
	t.Helper()
	var wrong *rules.ListingError
	if !errors.As(err, &wrong) {
		t.Errorf("%q: error %v (%T)", text, err, err)
		return
	}
	if wrong.Line != line || wrong.Err.Error() != want || err.Error() != "line "+strconv.Itoa(line)+": "+want {
		t.Errorf("%q: line %d: %v, want line %d: %s", text, wrong.Line, wrong.Err, line, want)
	}
}

func TestRevisedListing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text     string
		revision int64
		line     int // of the mistake, 0 is none
		want     string
	}{
		{"Inbound rules:\nallow\nOutbound rules:\ndeny\n", 0, 0, ""},
		{"# revision 7\nInbound rules:\nallow\nOutbound rules:\ndeny\n", 7, 0, ""},
		{"Inbound rules:\nallow\nOutbound rules:\ndeny\n# revision 7", 7, 0, ""},
		{"#revision 7\n# Revision 8\n# revision\nInbound rules:\nallow\nOutbound rules:\ndeny\n", 0, 0, ""},
		{"# revision 7\n# revision 8\nInbound rules:\nOutbound rules:\n", 0, 2, "here stands revision 8, and above 7"},
		{"# revision soon\nInbound rules:\nOutbound rules:\n", 0, 1, `expected a number after "# revision ", got "soon"`},
		{"Profile web:\n", 0, 1, `here stand the rules of one profile`},
		{"Tags: a\nInbound rules:\nOutbound rules:\n", 0, 1, `expected "Inbound rules:" or "Outbound rules:"`},
		{"", 0, 1, `the heading "Inbound rules:" is missing`},
		{"\n\n\n", 0, 3, `the heading "Inbound rules:" is missing`},
		{"Inbound rules:\n", 0, 1, `the heading "Outbound rules:" is missing`},
	} {
		got, err := rules.ParseRevisedListing(test.text, rules.AsNew)
		if test.line > 0 {
			wantListingError(t, test.text, err, test.line, test.want)
			_, _, err = rules.ParseListing(test.text, rules.AsNew)
			wantListingError(t, test.text, err, test.line, test.want)
			continue
		}
		if err != nil || got.Revision != test.revision || got.Line != 0 || got.HasTags || len(got.Inbound) != 1 || len(got.Outbound) != 1 {
			t.Errorf("%q: %+v, %v", test.text, got, err)
		}
	}
}

// FuzzProfiles proves that a file of profiles is a fixed point of reading and
// writing, and that a mistake is in a line that there is.
func FuzzProfiles(f *testing.F) {
	for _, v := range readVectors[profileVector](f, "profiles-v3.json") {
		f.Add("Profile web:\n# revision 5\nTags: a, b\n" + v.Listing)
	}
	f.Add("Profile \"a\\n\":\nInbound rules:\nOutbound rules:\n\nProfile b\nTags:\nOutbound rules:\n1 [x]\nInbound rules:")
	f.Add("\ufeffProfile a:\r\n# revision 1\r\n# revision 2\r\n")
	f.Add("Profile a:\n# network b is " + networkID + "\n# network c is " + swarmID + "\n# network b is it\nInbound rules:\nOutbound rules:\n")
	f.Add("Profile a:\n# network b is " + networkID + "\n# network of the team\nTags: b\nInbound rules:\nOutbound rules:\n# network d is " + swarmID)
	f.Fuzz(func(t *testing.T, text string) {
		checkRevisedListing(t, text)
		list, err := rules.ParseProfiles(text, rules.AsStored)
		if err != nil {
			checkListingError(t, text, err)
			return
		}
		var written strings.Builder
		for _, l := range list {
			l.HasTags = true
			written.WriteString(rules.FormatProfile(l))
		}
		again, err := rules.ParseProfiles(written.String(), rules.AsStored)
		if err != nil || len(again) != len(list) {
			t.Fatalf("%q is read as %+v, %v", written.String(), again, err)
		}
		var rewritten strings.Builder
		for i, l := range again {
			rewritten.WriteString(rules.FormatProfile(l))
			if l.Name != list[i].Name || l.Revision != list[i].Revision || !cmp.Equal(l.Tags, list[i].Tags) || !cmp.Equal(l.Networks, list[i].Networks) {
				t.Fatalf("%+v became %+v", list[i], l)
			}
		}
		if rewritten.String() != written.String() {
			t.Fatalf("%q is written as %q", written.String(), rewritten.String())
		}
	})
}

func checkRevisedListing(t *testing.T, text string) {
	t.Helper()
	if _, err := rules.ParseRevisedListing(text, rules.AsStored); err != nil {
		checkListingError(t, text, err)
	}
}

func checkListingError(t *testing.T, text string, err error) {
	t.Helper()
	wrong, ok := err.(*rules.ListingError) //nolint:errorlint // exactly this type is documented
	if !ok {
		t.Fatalf("%T: %v", err, err)
	}
	if last := 1 + strings.Count(text, "\n"); wrong.Line < 1 || wrong.Line > last {
		t.Fatalf("line %d of %d: %v", wrong.Line, last, err)
	}
	if err.Error() != printable.Text(err.Error()) {
		t.Fatalf("the error is not printable: %q", err)
	}
}

// FuzzProfileName proves that any name is read back as it was.
func FuzzProfileName(f *testing.F) {
	for _, name := range []string{"web", "", " ", "a:", `"`, "a\nProfile b:", "\xff\x00", "é", "#", "Inbound rules:"} {
		f.Add(name, int64(5))
	}
	f.Fuzz(func(t *testing.T, name string, revision int64) {
		revision = max(revision, 0)
		text := rules.FormatProfile(rules.ProfileListing{Name: name, Revision: revision})
		again, err := rules.ParseProfiles(text, rules.AsNew)
		if err != nil || len(again) != 1 || again[0].Name != name || again[0].Revision != revision {
			t.Fatalf("%q is written as %q and read as %+v, %v", name, text, again, err)
		}
	})
}

// FuzzStoredListing proves that whatever is stored is read back from a listing
// as a rule that is shown in the same words.
func FuzzStoredListing(f *testing.F) {
	for _, test := range rightRules {
		f.Add([]byte(test.v3))
	}
	for _, raw := range []string{
		`{"action":"Allow","future":"action"}`, `{"action":"Alow","future":"action","protocol":"TCP"}`, `{}`, `1`, `null`, `[]`, `"a"`, `{"action":{}}`, `{"action":"Allow","http":{"paths":[{"exact":"]"}]}}`,
		`{"action":"\u0000","x":" [ \" "}`, `{"action":"Allow","source":{"selector":"a == '"},"y":{}}`,
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !rawjson.Valid(raw) {
			return
		}
		for _, decode := range []func([]byte) rules.Stored{rules.DecodeV1, rules.DecodeV3} {
			r := decode(raw).Rule
			listing := rules.FormatListing([]rules.Rule{r}, nil)
			inbound, _, err := rules.ParseListing(listing, rules.AsStored)
			if err != nil || len(inbound) != 1 || rules.Format(inbound[0]) != rules.Format(r) || inbound[0].Unsupported != r.Unsupported {
				t.Fatalf("%s is listed as %q and read as %+v, %v; want %+v", raw, listing, inbound, err, r)
			}
		}
	})
}
