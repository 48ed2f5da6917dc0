"""A constraint problem as plain data."""
