// Package endpoint writes the workload endpoints of Docker's containers: the
// documents in etcd from which Felix learns which interface has which addresses
// and profiles.
package endpoint
