// Package kubernetes holds the manifests of deploy against the types of the
// Kubernetes API, and against what execd expects of them. It is a module of
// its own, so that execd's has none of that.
package kubernetes
