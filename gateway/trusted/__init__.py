"""Trusted documents: the operations that clients ship, asked for by an id instead of a text.

`registry.load` reads them at the start: ours, in `schema/documents`, and the manifests of clients
(`manifests.py`). `policy.Trust.resolve` turns what a client sent, over whichever transport, into
the text that may run. `usage.Usage` counts which are asked for.

The id of a document is the SHA-256 of its text, byte for byte as the file has it, in lower-case
hexadecimal: what `sha256sum` says of the file. A manifest may give other ids, which are opaque.
"""
