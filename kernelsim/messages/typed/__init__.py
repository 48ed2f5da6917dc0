"""Typed messages: interfaces as data, and their values as words of any transport."""
