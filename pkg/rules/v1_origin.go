package rules

import (
	"encoding/json"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
)

// originKey is the key of an Origin in a rules document. calicoctl 0.x looks for
// "id" and the two lists, and ignores all other keys beside them.
const originKey = "calicoctl"

// An Origin says which profile a rules document was made from.
type Origin struct {
	Profile     string `json:"profile"`               // as it is shown
	ID          string `json:"id"`                    // as in etcd
	ClusterGUID string `json:"clusterGUID,omitempty"` // empty where Calico has set none
	Revision    int64  `json:"revision"`
}

// ParseOriginV1 returns the origin that a rules document names; nil when it names
// none. The document must be one that [ParseDocumentV1] takes. The error is a
// *PlaceError.
func ParseOriginV1(document []byte) (*Origin, error) {
	members, err := rawjson.Object(document)
	if err != nil {
		return nil, &PlaceError{Msg: err.Error()}
	}
	raw := rawjson.Get(members, originKey)
	if raw == nil || string(raw) == "null" {
		return nil, nil
	}
	fields, err := rawjson.Object(raw)
	if err != nil {
		return nil, &PlaceError{Place: originKey, Msg: "expected an object, as rule json writes it"}
	}
	if key, found := rawjson.Repeated(fields, rawjson.Fold); found {
		return nil, &PlaceError{Place: originKey + "." + printable.Text(key), Msg: "the key stands twice"}
	}
	origin := &Origin{}
	if err := json.Unmarshal(raw, origin); err != nil || origin.ID == "" || origin.Revision <= 0 {
		return nil, &PlaceError{Place: originKey, Msg: "expected an id and a revision, as rule json writes them; " +
			"without the key the document replaces all rules"}
	}
	return origin, nil
}
