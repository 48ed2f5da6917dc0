"""The chip: a mesh of tiles with a router each, two cores a tile, memory controllers at the left and right edges."""

from dataclasses import dataclass

from kernelsim.errors import ScenarioError

CORES_PER_TILE = 2
LINE_BYTES = 32
WORDS_PER_LINE = 8
BUFFER_LINES = 8192 // LINE_BYTES
"""A core's half of its tile's message passing buffer (dissertation, sections 2.3.2 and 2.6.3)."""

Tile = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Chip:
    """`tiles[core]` is the column and row of a core's router, `memory[core]` that of the memory controller which holds
    the core's region of shared RAM.
    """

    tiles: tuple[Tile, ...]
    memory: tuple[Tile, ...]

    def __post_init__(self) -> None:
        if not self.tiles or len(self.memory) != len(self.tiles):
            raise ScenarioError(
                "bad_chip",
                f"a chip with {len(self.tiles)} cores and {len(self.memory)} memory controllers for them; accepted: "
                "at least one core, and a controller for each",
            )

    @property
    def cores(self) -> int:
        """How many cores there are."""
        return len(self.tiles)

    def hops(self, source: int, target: int) -> int:
        """Links between the routers of two cores; 0 on one tile."""
        return apart(self.tiles[self.check(source)], self.tiles[self.check(target)])

    def memory_hops(self, core: int, owner: int) -> int:
        """Links between a core and the controller of `owner`'s region."""
        return apart(self.tiles[self.check(core)], self.memory[self.check(owner)])

    def route(self, source: int, target: int) -> tuple[Tile, ...]:
        """The routers that a packet visits, both ends included: along the row first, then along the column."""
        column, row = self.tiles[self.check(source)]
        to_column, to_row = self.tiles[self.check(target)]
        across = range(column, to_column, 1 if to_column > column else -1)
        along = range(row, to_row, 1 if to_row > row else -1)
        return (*((x, row) for x in across), *((to_column, y) for y in along), (to_column, to_row))

    def check(self, core: int) -> int:
        """The core itself; raises ScenarioError unless it exists."""
        if not 0 <= core < len(self.tiles):
            raise ScenarioError(
                "unknown_core", f"core {core} does not exist; the chip has cores 0 to {self.cores - 1}", core=core
            )
        return core


def apart(one: Tile, other: Tile) -> int:
    """Links between two routers."""
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def mesh(columns: int = 6, rows: int = 4) -> Chip:
    """Cores numbered tile by tile along rows from below; each quarter has a controller at its outer edge, in the
    first row or in the one above the middle.
    """
    if columns < 1 or rows < 1:
        raise ScenarioError("bad_chip", f"a mesh of {columns} x {rows} tiles; accepted: at least 1 x 1")
    return on_mesh(tuple((x, y) for y in range(rows) for x in range(columns) for _ in range(CORES_PER_TILE)))


def on_mesh(tiles: tuple[Tile, ...]) -> Chip:
    """Cores at given routers, columns and rows from 0, with controllers as `mesh` has them."""
    columns, rows = (1 + max((tile[axis] for tile in tiles), default=0) for axis in (0, 1))
    return Chip(tiles, tuple(_quarter(tile, columns, rows) for tile in tiles))


def _quarter(tile: Tile, columns: int, rows: int) -> Tile:
    middle = rows - rows // 2
    return (0 if 2 * tile[0] < columns else columns - 1, 0 if tile[1] < middle else middle)
