"""How cores agree by messages: one round along a tree, or two-phase commit, and what they agree on."""
