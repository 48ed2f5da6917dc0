"""Assignments to start a search from."""
