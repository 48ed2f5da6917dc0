"""What no placement can cost less than, and proofs of it."""
