"""What messages and cache lines cost between the cores of a machine, worked out row by row when first read."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import overload

from experiments.parameters import Costs, Parameter
from planner.machine.topology import Topology

MANY = 128
"""Cores from which on all latencies are worked out at once, which needs numpy."""

Row = tuple[int, ...]


class Rows(Sequence[Row]):
    """A square matrix whose rows are worked out when first read, since few cores of a large machine speak."""

    __slots__ = ("_row", "_rows", "_size")

    def __init__(self, size: int, row: Callable[[int], Row]) -> None:
        self._size = size
        self._row = row
        self._rows: dict[int, Row] = {}

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, row: int) -> Row: ...
    @overload
    def __getitem__(self, row: slice) -> list[Row]: ...
    def __getitem__(self, row: int | slice) -> Row | list[Row]:
        if isinstance(row, slice):
            return [self[index] for index in range(*row.indices(self._size))]
        found = self._rows.get(row)
        if found is None:
            if not 0 <= row < self._size:
                raise IndexError(row)
            found = self._rows[row] = self._row(row)
        return found


class PairCosts:
    """Matrices in picoseconds, by position in `core_ids`: row by source, column by target."""

    def __init__(self, machine: Topology, costs: Costs) -> None:
        self._machine = machine
        self._costs = costs
        self._ids = machine.core_ids

    @cached_property
    def latency_ps(self) -> Rows:
        """One way."""
        machine, ids = self._machine, self._ids
        if len(ids) >= MANY:
            matrix = machine.latency_matrix_ps(ids)
            return Rows(len(ids), lambda a: tuple(matrix[a]))
        return Rows(len(ids), lambda a: tuple(machine.latency_ps(ids[a], target) for target in ids))

    @cached_property
    def send_ps(self) -> Rows:
        """The sender's part."""
        return Rows(len(self._ids), lambda a: tuple(map(self._machine.sender_part_ps, self.latency_ps[a])))

    @cached_property
    def occupancy_ps(self) -> Rows:
        """What sender and receiver spend together; never less than the sender alone."""
        machine, ids = self._machine, self._ids
        if not machine.throughput and not machine.interval_ps:
            return Rows(len(ids), lambda a: _without(a, self.send_ps[a]))

        def row(a: int) -> Row:
            pairs = zip(ids, self.send_ps[a], strict=True)
            return _without(a, [max(machine.occupancy_ps(ids[a], target), send) for target, send in pairs])

        return Rows(len(ids), row)

    @cached_property
    def line_ps(self) -> Rows:
        """From cache to cache; both costs are asked for at once, to be listed."""
        cores, costs = self._machine.cores, self._costs
        same = [costs.duration_ps("line_same_package", core.id) for core in cores]
        other = [costs.duration_ps("line_other_package", core.id) for core in cores]

        def row(a: int) -> Row:
            package = cores[a].package
            prices = zip(cores, same, other, strict=True)
            return _without(a, [near if core.package == package else far for core, near, far in prices])

        return Rows(len(cores), row)

    def parameter(self) -> Parameter:
        """The latencies as one line: their range, and the weakest of their sources."""
        ids = self._ids
        values = sorted({one for a in range(len(ids)) for b, one in enumerate(self.latency_ps[a]) if a != b}) or [0]
        value = values[0] if len(values) == 1 else f"{values[0]} to {values[-1]}"
        pairs = ((a, b) for a in ids for b in ids if a != b)
        return Parameter("message_latency", value, "ps", self._machine.weakest_source(pairs))


def _without(place: int, row: Sequence[int]) -> Row:
    """A row with nothing from a core to itself."""
    return (*row[:place], 0, *row[place + 1 :])
