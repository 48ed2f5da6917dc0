"""The Single-chip Cloud Computer: a mesh without coherent caches, and how its cores tell each other of messages.

Ring, tree, port and table are values that tests walk through; `delivery`, `receiving` and `costs` count what they take.
A booted run knows the chip as a machine of its latencies, and takes costs from here where an experiment hands them in.
"""
