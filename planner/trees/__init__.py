"""Trees by which one core reaches a group of others, with what they cost and what none can beat."""
