// Package ipam assigns addresses from Calico's IP pools in the form that every
// Calico tool reads: blocks, affinities and handles in etcd.
//
// The pure part is [Block], [Handle], [Pool] and [Settings]: they read and write
// documents and keep every field that they do not know. An [Allocator] changes
// them in etcd. Each of its changes is one transaction, guarded by the revision
// of the block and of the handle, so that no address is ever assigned twice and
// a killed process leaves valid blocks.
package ipam
