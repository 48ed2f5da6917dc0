"""One run: a scenario made ready, simulated, and answered as users see it."""
