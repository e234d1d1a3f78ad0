// Package resource reads the documents of Calico that this program does not edit:
// endpoints, network sets, policies and the lock of the datastore. It is pure: it takes
// keys and documents, and package store gets them from etcd.
package resource
