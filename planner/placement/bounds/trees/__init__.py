"""Bounds and proofs on machines whose distances nearly run along a tree, as caches and packages make them."""
