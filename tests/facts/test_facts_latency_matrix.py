"""Core-to-core CSV files become one-way latencies."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import facts
from facts.pairs.matrix import read_latencies

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "core-to-core"
FILES = sorted(FOLDER.glob("*.csv"))
TRIANGLE = ((0, 1, 576000), (0, 2, 38500), (1, 2, 39000))
DEVIATIONS = ((0, 1, 6000), (0, 2, 500), (1, 2, 4000))
TRAFFIC = sorted((FOLDER.parent / "comm").glob("*.csv"))


@pytest.mark.skipif(not FILES, reason=f"{FOLDER} is absent")
def test_all_shared_files_are_there() -> None:
    assert len(FILES) == 19


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_measured_pair_stands_for_both_directions(path: Path) -> None:
    with path.open(newline="") as file:
        cells = [
            (i, j, float(cell)) for i, row in enumerate(csv.reader(file)) for j, cell in enumerate(row) if cell.strip()
        ]
    reading = facts.read(path)
    found = {fact.args[:2]: fact.args[2] for fact in reading.facts}
    assert reading.name == path.name.removesuffix(".csv")
    assert len(found) == 2 * len(cells)
    for i, j, nanoseconds in cells:
        assert found[i, j] == found[j, i] == pytest.approx(nanoseconds * 1000, abs=0.501)
    assert {(fact.relation, fact.layer) for fact in reading.facts} == {("message_latency_ps", "measured")}


def test_a_lower_triangle_is_filled_symmetrically_in_picoseconds() -> None:
    reading = read_latencies(",\n41.2505,\n", name="two", where="two.csv")
    assert [fact.args for fact in reading.facts] == [(0, 1, 41251, 0, 41251, 41251), (1, 0, 41251, 0, 41251, 41251)]
    assert reading.objects == {"PU": 2}
    assert reading.warnings == ()


def test_a_missing_pair_stays_unknown_and_is_counted_once() -> None:
    reading = read_latencies(",,\n10,,\n,20,\n", name="three", where="three.csv")
    assert len(reading.facts) == 4
    assert [(w.code, w.where) for w in reading.warnings] == [("missing_pair", "three.csv, line 1, column 3")]
    assert "2 of 6" in reading.warnings[0].message


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (",\nfast,\n", "not_a_number", "line 2, column 1"),
        ("core0,core0\n,\n1,\n", "not_a_number", "line 1, column 1"),
        (",\n-3,\n", "not_a_number", "line 2, column 1"),
        (",\ninf,\n", "not_a_number", "line 2, column 1"),
        (",\nnan5,\n", "not_a_number", "line 2, column 1"),
        (",\n1e999999,\n", "not_a_number", "line 2, column 1"),
        (",\n1_0,\n", "not_a_number", "line 2, column 1"),
        (",\n1,2,3\n", "not_square", "row 2"),
        ("1,2\n", "not_square", "1 rows but 2 cells"),
        ('"1,2\n', "not_a_number", "line 1, column 1"),
        ("\n\n", "empty", "no row"),
    ],
)
def test_a_cell_that_cannot_be_used_is_refused_with_line_and_column(text: str, code: str, place: str) -> None:
    with pytest.raises(facts.ReadError) as caught:
        read_latencies(text, name="m", where="m.csv")
    assert (caught.value.code, place in str(caught.value)) == (code, True), str(caught.value)


def test_text_in_a_csv_file_is_refused_by_the_reader_of_machines(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(",\nhello(world),\n")
    with pytest.raises(facts.ReadError, match=r"bad\.csv has 'hello\(world\)' at line 2, column 1"):
        facts.read(path)


CONSOLE = """Num cores: 3
Showing latency=round-trip-time/2 in nanoseconds:

       0       1       2
  0
  1  576±6
  2   38.5±0.5    39±4

Min  latency: 38.5ns ±0.5 cores: (2,0)
"""


@pytest.mark.parametrize(
    "text",
    [
        CONSOLE,
        " CPU    0    1    2\n   0    0  576   38.5\n   1  576    0   39\n   2 38.5   39    0\n",
        "0,576,38.5\n,0,39\n,,0\n",
        ",0,1,2\n0,,NaN,nan\n1,576,,\n2,38.5,39,\n",
        "cpu,a,b,c\na,0,576,38.5\nb,576,0,39\nc,38.5,39,0\n",
        "core 0,core 1,core 2\n,,\n576,,\n38.5,39,-\n",
        "a;;;\nb;576,0;;\nc;38,5;39;\n",
        "0;576,0;38,5\n576,0;0;39\n38,5;39;0\n",
        "0\t576\t38.5\n576\t0\t39\n38.5\t39\t0\n",
    ],
)
def test_labels_other_marks_and_tables_for_people_say_the_same(text: str) -> None:
    reading = facts.read(text.encode())
    found = {fact.args[:2]: fact.args[2] for fact in reading.facts}
    assert found == {pair: ps for a, b, ps in TRIANGLE for pair in ((a, b), (b, a))}
    assert (reading.objects, reading.warnings) == ({"PU": 3}, ())


def test_a_printed_deviation_is_kept() -> None:
    facts_ = {fact.args[:2]: fact.args[3] for fact in facts.read(CONSOLE.encode()).facts}
    assert facts_ == {pair: ps for a, b, ps in DEVIATIONS for pair in ((a, b), (b, a))}


def test_a_bad_cell_within_labels_is_refused_at_its_own_line_and_column() -> None:
    with pytest.raises(facts.ReadError, match="'fast' at line 3, column 2"):
        facts.read(b",a,b\na,,1\nb,fast,\n")


def test_a_printed_table_that_is_cut_is_refused() -> None:
    with pytest.raises(facts.ReadError, match="2 rows but 3 cells"):
        facts.read(b" CPU 0 1 2\n 0 0 1 2\n 1 1 0 2\n")


def test_an_empty_diagonal_is_no_missing_pair() -> None:
    reading = read_latencies(",\r\n7.5,\r\n", name="whole", where="whole.csv")
    assert (len(reading.facts), reading.warnings) == (2, ())


@pytest.mark.parametrize("path", TRAFFIC, ids=lambda path: path.stem)
def test_a_full_traffic_matrix_is_read_as_it_stands(path: Path) -> None:
    size = int(path.stem.rsplit("_", 1)[1])
    reading = facts.read(path)
    assert (reading.objects, len(reading.facts), reading.warnings) == ({"PU": size}, size * (size - 1), ())


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.text(alphabet=',.\n\r"0123456789eE+-x \t;', max_size=60))
def test_any_text_is_a_matrix_or_a_read_error(text: str) -> None:
    try:
        reading = read_latencies(text, name="m", where="m")
    except facts.ReadError:
        return
    cores = range((reading.objects or {})["PU"])
    assert all(fact.args[0] in cores and fact.args[1] in cores for fact in reading.facts)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=40))
def test_what_is_written_as_a_triangle_is_read_back(values: list[int]) -> None:
    size = next(n for n in range(2, 11) if n * (n - 1) // 2 >= len(values))
    cells = {(i, j): 0 for i in range(size) for j in range(i)}
    cells.update(zip(cells, values, strict=False))
    text = "\n".join(",".join(str(cells[i, j] / 1000) if j < i else "" for j in range(size)) for i in range(size))
    reading = read_latencies(text, name="m", where="m")
    assert {fact.args[:2]: fact.args[2] for fact in reading.facts} == {
        pair: value for (i, j), value in cells.items() for pair in ((i, j), (j, i))
    }
