// Package wire turns Jupyter messages into ZeroMQ frames and back, as the
// "wire protocol" of the Jupyter messaging documentation has it:
//
//	identities..., <IDS|MSG>, signature, header, parent_header, metadata,
//	content, buffers...
//
// The four dictionaries stay JSON text here: who needs one decodes it.
//
// A Codec belongs to one goroutine at a time. What Decode returns points into
// the frames it was given and is valid as long as they are. Nothing blocks and
// nothing is ordered.
//
// To test: Decode(Encode(m)) is m; FuzzDecode feeds Decode with anything.
package wire
