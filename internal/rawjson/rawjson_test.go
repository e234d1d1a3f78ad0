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
		return func(b []byte) ([]byte, error) { return rawjson.Delete(b, key) }
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
		{"key with an escape", `{"\u0061":1}`, `{"\u0061":2}`, set("a", "2")},
		{"key to be escaped", `{}`, `{"a\"<":2}`, set(`a"<`, "2")},
		{"delete the only", `{"a":1}`, `{}`, del("a")},
		{"delete the first", `{"a":1, "b":2}`, `{"b":2}`, del("a")},
		{"delete the middle", `{"a":1,"b":2,"c":3}`, `{"a":1,"c":3}`, del("b")},
		{"delete the last", `{"a":1, "b":2 }`, `{"a":1 }`, del("b")},
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
	gone, err := rawjson.Delete(text, key)
	if err != nil || !rawjson.Valid(gone) {
		t.Fatalf("Delete(%q) = %q, %v", key, gone, err)
	}
	after, _ := rawjson.Object(gone)
	first := slices.IndexFunc(members, func(m rawjson.Member) bool { return m.Key == key })
	if first >= 0 {
		members = slices.Delete(slices.Clone(members), first, first+1)
	}
	same := func(a, b rawjson.Member) bool { return a.Key == b.Key && bytes.Equal(a.Value, b.Value) }
	if !slices.EqualFunc(after, members, same) {
		t.Fatalf("Delete(%q) of %q changed another member: %q", key, text, gone)
	}
}
