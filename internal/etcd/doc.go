// Package etcd connects to etcd: it finds out where that is ([LoadConfig]), dials
// it, proves who this program is, retries what may be retried, and explains in an
// error why etcd did not answer or what it rejects. What is stored there it does
// not know.
package etcd
