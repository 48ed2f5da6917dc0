"""Independent checkers of plans: they recompute what a plan claims and share no code with what made it."""

from planner.verify.errors import ViolationError
from planner.verify.schedule import check_decision, count_misses

__all__ = ["ViolationError", "check_decision", "count_misses"]
