"""Nexus beside its peers and the floor: one database, the same facts, interleaved runs."""
