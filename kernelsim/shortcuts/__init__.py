"""Ways to a run's outcome that carry out fewer events: cores that are alike, cores that nobody can reach.

Each gives the outcome and the trace that the run without it gives; `step_by_step` goes without.
"""
