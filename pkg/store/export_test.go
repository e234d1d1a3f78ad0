package store

// DecodeProfile is what the fuzz target needs: to read a document without etcd.
var DecodeProfile = decodeProfile

// MaxDocument is the limit that a document may have.
const MaxDocument = maxDocument

// Document returns the bytes that were read.
func (p *Profile) Document() []byte { return p.document }
