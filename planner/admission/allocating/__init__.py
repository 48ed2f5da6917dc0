"""Cores and offsets for every team, chosen together: from quick fits to the complete search."""
