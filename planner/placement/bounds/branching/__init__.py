"""Proofs by trying facilities at locations, thousands of partial assignments bounded at once."""
