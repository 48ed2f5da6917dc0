"""The planner's view of a machine, read from its facts."""
