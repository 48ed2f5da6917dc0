"""The alarm of a checker: a plan that does not hold what it claims, which is a fault of ours."""


class ViolationError(AssertionError):
    """A plan fails its check; the message names the rule with the values that break it."""
