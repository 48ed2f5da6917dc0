"""Batches of runs: every list of a SPEC.toml an axis, one row of a CSV each."""
