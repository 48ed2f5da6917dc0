"""Commands about placements, trees, guaranteed time and services."""
