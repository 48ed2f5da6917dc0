"""Curves, schedules and traces as text and SVG."""
