"""Where on the paper a time and a core are, and the round times at which the axis is marked."""

from dataclasses import dataclass

from kernelsim.machine.hardware import Machine

_UNITS = ((10**12, "s"), (10**9, "ms"), (10**6, "µs"), (10**3, "ns"), (1, "ps"))


@dataclass(frozen=True, slots=True)
class Frame:
    """Lengths are pixels. `tops[core]` is the upper edge of a core's row, `bottom` the lower edge of the last one."""

    start_ps: int
    end_ps: int
    left: float
    width: float
    row: float
    tops: tuple[float, ...]

    @property
    def bottom(self) -> float:
        """The lower edge of the last row."""
        return self.tops[-1] + self.row

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    def x(self, time_ps: int) -> float:
        """Across."""
        return self.left + self.width * (time_ps - self.start_ps) / (self.end_ps - self.start_ps)

    def middle(self, core: int) -> float:
        """Down, to the middle of a core's row."""
        return self.tops[core] + self.row / 2


def frame(machine: Machine, start_ps: int, end_ps: int, left: float, width: float, top: float) -> Frame:
    """Rows from 30 pixels for two cores to 11 for 64, with more room between packages than inside them."""
    row = max(11.0, min(30.0, 560.0 / machine.cores))
    gap, between = row * 0.16, row * 0.16 + 7
    tops = [top]
    for core in range(1, machine.cores):
        same = machine.package[core] == machine.package[core - 1]
        tops.append(tops[-1] + row + (gap if same else between))
    return Frame(start_ps, end_ps, left, width, row, tuple(tops))


def packages(machine: Machine) -> list[tuple[object, int, int]]:
    """Runs of neighbouring cores on one package: its name, first and last core."""
    runs: list[tuple[object, int, int]] = []
    for core, package in enumerate(machine.package):
        if runs and runs[-1][0] == package:
            runs[-1] = (package, runs[-1][1], core)
        else:
            runs.append((package, core, core))
    return runs


@dataclass(frozen=True, slots=True)
class Axis:
    """Marks at `ticks_ps` with `labels`; they count from `origin_ps`, which is 0 unless the numbers became too long."""

    title: str
    ticks_ps: tuple[int, ...]
    labels: tuple[str, ...]


def axis(start_ps: int, end_ps: int, most: int = 12) -> Axis:
    """At most `most` marks, 1, 2 or 5 times a power of ten apart, in the largest unit of which a step is at
    least a tenth.
    """
    step = _step(end_ps - start_ps, most)
    unit_ps, unit = next((size, name) for size, name in _UNITS if step * 10 >= size)
    origin = 0 if start_ps // step < 100_000 else start_ps // step * step
    ticks = tuple(range(-(-start_ps // step) * step, end_ps + 1, step))
    labels = tuple(_decimal(tick - origin, unit_ps, step) for tick in ticks)
    title = f"time ({unit})" if not origin else f"time ({unit}) after {decimal(origin, 10**12)} s"
    return Axis(title, ticks, labels)


def decimal(value_ps: int, unit_ps: int) -> str:
    """A duration in a unit, exactly, without trailing zeros."""
    whole, part = divmod(value_ps, unit_ps)
    digits = str(part).zfill(len(str(unit_ps)) - 1).rstrip("0") if part else ""
    return f"{whole}.{digits}" if digits else str(whole)


def duration(value_ps: int) -> str:
    """A duration in the largest unit that leaves at least one whole, to three places."""
    if value_ps == 0:
        return "0 s"
    unit_ps, unit = next(((size, name) for size, name in _UNITS if abs(value_ps) >= size), _UNITS[-1])
    return f"{value_ps / unit_ps:.3f}".rstrip("0").rstrip(".") + " " + unit


def _step(span_ps: int, most: int) -> int:
    power = 1
    while True:
        for factor in (1, 2, 5):
            if span_ps <= factor * power * most:
                return factor * power
        power *= 10


def _decimal(value_ps: int, unit_ps: int, step_ps: int) -> str:
    places = 0 if step_ps % unit_ps == 0 else 1
    return f"{value_ps / unit_ps:.{places}f}"
