"""The Single-chip Cloud Computer: a mesh without coherent caches, and how its cores tell each other of messages."""
