"""Local search: exchanges of two locations, tabu walks, what to start them from."""
