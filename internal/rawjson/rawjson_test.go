package rawjson_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/rawjson"
)

func TestObjectKeepsOrderAndBytes(t *testing.T) {
	t.Parallel()
	text := ` { "b" : 1.50 , "a":[1, {"x":"}\""}], "b\u0020c": {"d":null} , "e" : "\u003c" } `
	members, err := rawjson.Object([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range members {
		got = append(got, m.Key+" -> "+string(m.Value))
	}
	want := []string{`b -> 1.50`, `a -> [1, {"x":"}\""}]`, `b c -> {"d":null}`, `e -> "\u003c"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

func TestEdits(t *testing.T) {
	t.Parallel()
	set := func(key, value string) func([]byte) ([]byte, error) {
		return func(b []byte) ([]byte, error) { return rawjson.Set(b, key, []byte(value)) }
	}
	del := func(key string) func([]byte) ([]byte, error) {
		return func(b []byte) ([]byte, error) {
			return rawjson.Delete(b, func(k string) bool { return k == key })
		}
	}
	for _, test := range []struct {
		name, in, want string
		edit           func([]byte) ([]byte, error)
	}{
		{"replace keeps blanks", `{ "a" : 1 , "b":2 }`, `{ "a" : [3] , "b":2 }`, set("a", "[3]")},
		{"append", `{"a":1 }`, `{"a":1,"b":2 }`, set("b", "2")},
		{"append to empty", `{ }`, `{"b":2 }`, set("b", "2")},
		{"set on null", `null`, `{"b":2}`, set("b", "2")},
		{"set on nothing", ``, `{"b":2}`, set("b", "2")},
		{"append several", `{"a":1 }`, `{"a":1,"b":2,"c\"":3 }`, func(b []byte) ([]byte, error) {
			return rawjson.Append(b, []rawjson.Member{{Key: "b", Value: []byte("2")}, {Key: `c"`, Value: []byte("3")}})
		}},
		{"append several to nothing", ``, `{"b":2,"c":3}`, func(b []byte) ([]byte, error) {
			return rawjson.Append(b, []rawjson.Member{{Key: "b", Value: []byte("2")}, {Key: "c", Value: []byte("3")}})
		}},
		{"append none", `null`, `null`, func(b []byte) ([]byte, error) { return rawjson.Append(b, nil) }},
		{"key with an escape", `{"\u0061":1}`, `{"\u0061":2}`, set("a", "2")},
		{"key to be escaped", `{}`, `{"a\"<":2}`, set(`a"<`, "2")},
		{"delete the only", `{"a":1}`, `{}`, del("a")},
		{"delete the first", `{"a":1, "b":2}`, `{"b":2}`, del("a")},
		{"delete the middle", `{"a":1,"b":2,"c":3}`, `{"a":1,"c":3}`, del("b")},
		{"delete the last", `{"a":1, "b":2 }`, `{"a":1 }`, del("b")},
		{"delete several", `{ "a":1 , "b":2,  "c":3, "d":4 }`, `{ "b":2,  "d":4 }`, func(b []byte) ([]byte, error) {
			return rawjson.Delete(b, func(k string) bool { return k == "a" || k == "c" })
		}},
		{"delete the end", `{ "a":1 , "b":2,  "c":3 }`, `{ "a":1 }`, func(b []byte) ([]byte, error) {
			return rawjson.Delete(b, func(k string) bool { return k != "a" })
		}},
		{"delete all", `{ "a":1 , "b":2 }`, `{  }`, func(b []byte) ([]byte, error) {
			return rawjson.Delete(b, func(string) bool { return true })
		}},
		{"delete the absent", `{"a":1}`, `{"a":1}`, del("b")},
	} {
		got, err := test.edit([]byte(test.in))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: got %s, %v; want %s", test.name, got, err, test.want)
		}
	}
}

func TestWrongKinds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`[]`: "expected an object, got an array", `"x"`: "expected an object, got a string",
		`7`: "expected an object, got a number", `true`: "expected an object, got a boolean",
	} {
		if _, err := rawjson.Object([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("Object(%s): %v, want %s", text, err, want)
		}
	}
	if _, err := rawjson.Array([]byte(`{}`)); err == nil || err.Error() != "expected an array, got an object" {
		t.Errorf("Array({}): %v", err)
	}
}

func TestRepeated(t *testing.T) {
	t.Parallel()
	members, _ := rawjson.Object([]byte(`{"spec":1,"kind":2,"Spec":3}`))
	if key, found := rawjson.Repeated(members, rawjson.Fold); !found || key != "Spec" {
		t.Errorf("Repeated = %q, %v", key, found)
	}
	if key, found := rawjson.Repeated(members, rawjson.Exact); found {
		t.Errorf("Repeated, exactly, = %q", key)
	}
}

// FuzzObject proves that the pieces are the text: whatever encoding/json says
// of an object, its members say too, and edits change what they name alone.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{"a":1,"b":[{"c":"d}"}]}`, `{}`, ` {"a" : "\\\"" , "a":2}`, `{"é":1e3}`} {
		f.Add([]byte(seed), "a")
	}
	f.Fuzz(func(t *testing.T, text []byte, key string) {
		if !rawjson.Valid(text) || rawjson.Kind(text) != "object" {
			return
		}
		members, err := rawjson.Object(text)
		if err != nil {
			t.Fatal(err)
		}
		rebuilt := map[string]json.RawMessage{}
		for _, m := range members {
			rebuilt[m.Key] = m.Value
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rebuilt); diff != "" {
			t.Fatalf("members differ: %s", diff)
		}
		checkEdits(t, text, strings.ToValidUTF8(key, "?"), members)
	})
}

func checkEdits(t *testing.T, text []byte, key string, members []rawjson.Member) {
	t.Helper()
	set, err := rawjson.Set(text, key, []byte(`"new"`))
	if err != nil || !rawjson.Valid(set) {
		t.Fatalf("Set(%q) = %q, %v", key, set, err)
	}
	is := func(key string) func(string) bool { return func(k string) bool { return k == key } }
	gone, err := rawjson.Delete(text, is(key))
	if err != nil || !rawjson.Valid(gone) {
		t.Fatalf("Delete(%q) = %q, %v", key, gone, err)
	}
	after, _ := rawjson.Object(gone)
	left := slices.DeleteFunc(slices.Clone(members), func(m rawjson.Member) bool { return m.Key == key })
	same := func(a, b rawjson.Member) bool { return a.Key == b.Key && bytes.Equal(a.Value, b.Value) }
	if !slices.EqualFunc(after, left, same) {
		t.Fatalf("Delete(%q) of %q changed another member: %q", key, text, gone)
	}
	if len(members) == 0 {
		return
	}
	// Several at once are the same as one after the other.
	last := members[len(members)-1].Key
	both, err := rawjson.Delete(text, func(k string) bool { return k == key || k == last })
	again, _ := rawjson.Delete(gone, is(last))
	if err != nil || !bytes.Equal(both, again) {
		t.Fatalf("Delete of %q and %q from %q is %q, and one after the other %q", key, last, text, both, again)
	}
	one, two := rawjson.Member{Key: key, Value: []byte("1")}, rawjson.Member{Key: key + "!", Value: []byte("2")}
	all, err := rawjson.Append(both, []rawjson.Member{one, two})
	again, _ = rawjson.Set(both, one.Key, one.Value)
	again, _ = rawjson.Set(again, two.Key, two.Value)
	if absent := !slices.ContainsFunc(left, func(m rawjson.Member) bool { return m.Key == two.Key }); absent && (err != nil || !bytes.Equal(all, again)) {
		t.Fatalf("Append to %q is %q, and one after the other %q", both, all, again)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const deep = "it is nested more than 10,000 deep"
	open, closed := strings.Repeat("[", 10_001), strings.Repeat("]", 10_001)
	for text, want := range map[string]string{
		`{"a":"[\"["}`:                   "",
		open[1:] + closed[1:]:            "",
		open + closed:                    deep,
		`{"a\"{":` + open + closed + `}`: deep,
		open[1:]:                         "it is not JSON",
		`"` + open:                       "it is not JSON",
		strings.Repeat("[]", 10_001):     "it is not JSON",
		"":                               "it is not JSON",
		"\xef\xbb\xbf{}":                 "it is not JSON",
		`{"a":1}/**/`:                    "it is not JSON",
	} {
		got := ""
		if err := rawjson.Check([]byte(text)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%.40q: %q, want %q", text, got, want)
		}
	}
}
