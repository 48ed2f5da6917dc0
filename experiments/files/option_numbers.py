"""Options of a workload, read and checked already, as the numbers that they are."""


def as_number(value: object) -> float:
    """An option that was read as a number."""
    assert isinstance(value, int | float)
    return value


def as_whole(value: object) -> int:
    """An option that was read as a whole number."""
    return int(as_number(value))


def as_ps(value: object, unit_ps: float) -> int:
    """A time in units of so many picoseconds, as picoseconds."""
    return round(as_number(value) * unit_ps)
