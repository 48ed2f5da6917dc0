"""Square matrices as text: comma-separated latencies or traffic, and QAPLIB's .dat form."""

from math import isfinite

from planner.errors import PlanError

Rows = list[list[float]]
Cells = list[list[float | None]]
MOST_ROWS = 4096
LARGEST_VALUE = 1e12


def read_matrix(text: str, where: str = "matrix") -> Rows:
    """Comma-separated rows without a header; cell (i, j) is from i to j.

    A lower (or upper) triangle alone is filled symmetrically; the diagonal may stay blank and is 0 then. Raises
    PlanError naming line and column for what is no number, not finite or negative, for a missing pair, and for
    rows that make no square.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    cells = [_read_line(line, number, where) for number, line in lines]
    size = len(cells)
    if not 1 <= size <= MOST_ROWS:
        raise _refuse(where, f"it has {size} rows", f"1 to {MOST_ROWS} rows are accepted")
    for (number, _), row in zip(lines, cells, strict=True):
        if len(row) > size:
            raise _refuse(where, f"line {number} has {len(row)} cells", f"at most {size} are accepted", line=number)
        row += [None] * (size - len(row))
    if _is_triangle(cells):
        cells = [[cells[j][i] if cells[i][j] is None else cells[i][j] for j in range(size)] for i in range(size)]
    return [[_cell(cells, i, j, lines[i][0], where) for j in range(size)] for i in range(size)]


def read_qaplib(text: str, where: str = "instance") -> tuple[Rows, Rows]:
    """QAPLIB's form: the size, then two square matrices; line breaks mean nothing. Returns both in order."""
    words = text.replace(",", " ").split()
    numbers = []
    for position, word in enumerate(words, start=1):
        try:
            numbers.append(float(word))
        except ValueError as error:
            raise _refuse(where, f"word {position} is {word[:40]!r}", "numbers are accepted") from error
    size = int(numbers[0]) if numbers and isfinite(numbers[0]) else 0
    if not 1 <= size <= MOST_ROWS or size != numbers[0]:
        raise _refuse(where, "it does not start with a size", f"a whole number from 1 to {MOST_ROWS} is accepted")
    if len(numbers) != 1 + 2 * size * size:
        raise _refuse(
            where,
            f"{len(numbers) - 1} numbers follow the size {size}",
            f"two matrices of {size * size} numbers are accepted",
        )
    rows = [numbers[1 + row * size : 1 + (row + 1) * size] for row in range(2 * size)]
    return rows[:size], rows[size:]


def _read_line(line: str, number: int, where: str) -> list[float | None]:
    return [_read_cell(cell.strip(), number, column, where) for column, cell in enumerate(line.split(","), start=1)]


def _read_cell(cell: str, line: int, column: int, where: str) -> float | None:
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= LARGEST_VALUE:
        raise _refuse(
            where,
            f"line {line}, column {column} is {cell[:40]!r}",
            "a number from 0 to 1e12, or nothing, is accepted",
            line=line,
            column=column,
        )
    return value


def _is_triangle(cells: Cells) -> bool:
    """Whether nothing stands on one of the diagonal's sides."""
    size = range(len(cells))
    return any(
        all(cells[i][j] is None for i in size for j in size if (j < i if below else i < j)) for below in (True, False)
    )


def _cell(cells: Cells, i: int, j: int, line: int, where: str) -> float:
    value = cells[i][j]
    if value is not None:
        return value
    if i == j:
        return 0.0
    raise _refuse(
        where,
        f"the pair {i}, {j} is missing (line {line}, column {j + 1})",
        "every pair, or one triangle whole, is accepted",
        line=line,
        column=j + 1,
    )


def _refuse(where: str, found: str, accepted: str, **place: int) -> PlanError:
    return PlanError(
        f"{where}: {found}; {accepted}",
        code="bad_matrix",
        details={"where": where, "found": found, "accepted": accepted, **place},
    )
