"""Programs for the dispatchers, advanced in closed form between two scheduling events."""
