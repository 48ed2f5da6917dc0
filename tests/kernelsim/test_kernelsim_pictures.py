"""Pictures of a trace: what Perfetto, a spreadsheet and an eye get to see of it."""

import csv as spreadsheet
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernelsim_machines import MS, US, S, barrier_beside_cpu_bound, machine, out_of_phase, with_manifest

from kernelsim import Outcome, ScenarioError, Trace, run
from kernelsim.pictures import chrome_trace, csv, svg
from kernelsim.pictures.boxes import MOST_BOXES, boxes
from kernelsim.pictures.colours import PALETTE, colours
from kernelsim.pictures.frame import axis, duration
from kernelsim.trace import Mark, Message, Slice

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def phase_change() -> Outcome:
    """BARRIER beside CPU-Bound entering the gang of Fig 3.4."""
    return run(replace(with_manifest(barrier_beside_cpu_bound(16)), warmup_ps=0, duration_ps=2 * S))


def small() -> Trace:
    """One of each, with a name that needs escaping."""
    return Trace(
        slices=[Slice(0, 2_500, 0, "a<b>&co.0"), Slice(2_500, 9_400, 0, "monitor.0"), Slice(1_000, 5_000, 1, "z.0")],
        messages=[Message(1_499, 1_500, 0, 1, 'say "hi", now')],
        marks=[Mark(5_000, 1, "miss", "z.0, 3 ps late"), Mark(0, 0, "timer reset", "round 1")],
    )


def events(text: str, kind: str) -> list[dict[str, Any]]:
    return [event for event in json.loads(text)["traceEvents"] if event["ph"] == kind]


def elements(text: str, tag: str) -> Iterator[ET.Element]:
    return ET.fromstring(text).iter(SVG + tag)


# -- Perfetto --------------------------------------------------------------------------------------------------


def test_the_chrome_trace_is_sorted_json_with_a_named_thread_for_each_core(phase_change: Outcome) -> None:
    document = json.loads(chrome_trace(phase_change.trace, machine()))
    assert document["displayTimeUnit"] == "ns"
    times = [event.get("ts", -1) for event in document["traceEvents"]]
    assert times == sorted(times)
    names = [event for event in document["traceEvents"] if event["name"] == "thread_name"]
    assert [(event["tid"], event["args"]["name"]) for event in names][::5] == [
        (0, "core 0 (package 0)"), (5, "core 5 (package 1)"), (10, "core 10 (package 2)"), (15, "core 15 (package 3)"),
    ]  # fmt: skip


def test_a_slice_is_a_complete_event_in_microseconds() -> None:
    first, second, third = events(chrome_trace(small(), machine(2)), "X")
    assert (first["name"], first["cat"], first["tid"], first["ts"], first["dur"]) == (
        "a<b>&co.0",
        "a<b>&co",
        0,
        0.0,
        0.003,
    )
    assert (second["tid"], second["ts"], second["args"]) == (1, 0.001, {"start_ps": 1_000, "end_ps": 5_000})
    assert (third["ts"], third["dur"]) == (0.003, 0.006)


def test_a_message_is_a_flow_from_sender_to_receiver_and_a_mark_an_instant(phase_change: Outcome) -> None:
    text = chrome_trace(phase_change.trace, machine())
    begins, ends = events(text, "s"), events(text, "f")
    assert len(begins) == len(phase_change.trace.messages)
    assert {event["id"] for event in begins} == {event["id"] for event in ends}
    arrival = {event["id"]: event for event in ends}
    assert all(event["ts"] <= arrival[event["id"]]["ts"] for event in begins)
    assert {arrival[event["id"]]["tid"] for event in begins if event["name"] == "phase 1"} == set(range(1, 16))
    assert len(events(text, "i")) == len(phase_change.trace.marks)


def test_rounded_to_nanoseconds_slices_of_a_core_still_touch_and_never_overlap(phase_change: Outcome) -> None:
    by_core: dict[int, list[dict[str, Any]]] = {}
    for event in events(chrome_trace(phase_change.trace, machine()), "X"):
        by_core.setdefault(event["tid"], []).append(event)
    for core in by_core.values():
        for before, after in pairwise(core):
            assert round(1000 * (before["ts"] + before["dur"])) <= round(1000 * after["ts"])


# -- a spreadsheet ---------------------------------------------------------------------------------------------


def test_the_csv_has_one_record_a_line_by_time_with_its_kind() -> None:
    assert csv(small()).splitlines() == [
        "kind,start_ps,end_ps,core,target,name,text",
        "slice,0,2500,0,,a<b>&co.0,",
        "mark,0,,0,,timer reset,round 1",
        "slice,1000,5000,1,,z.0,",
        'message,1499,1500,0,1,"say ""hi"", now",',
        "slice,2500,9400,0,,monitor.0,",
        'mark,5000,,1,,miss,"z.0, 3 ps late"',
    ]


def test_the_csv_holds_every_record(phase_change: Outcome) -> None:
    rows = list(spreadsheet.DictReader(StringIO(csv(phase_change.trace))))
    trace = phase_change.trace
    assert len(rows) == len(trace.slices) + len(trace.messages) + len(trace.marks)
    read = [
        Slice(int(row["start_ps"]), int(row["end_ps"]), int(row["core"]), row["name"])
        for row in rows
        if row["kind"] == "slice"
    ]
    assert sorted(read) == sorted(trace.slices)


# -- the eye ---------------------------------------------------------------------------------------------------


def test_the_picture_is_xml_with_a_title_an_axis_with_its_unit_and_a_label_for_each_core(phase_change: Outcome) -> None:
    text = svg(phase_change.trace, machine())
    words = [element.text for element in elements(text, "text")]
    assert "Execution trace of 4x4, 16 cores" in words
    assert "time (s)" in words
    assert {str(core) for core in range(16)} | {"package 0", "package 3"} <= set(words)
    assert {"barrier", "cpu", "monitor", "idle", "slice ends", "message"} <= set(words)
    assert {"timer reset", "phase change answered"} <= set(words)


def test_names_are_escaped_and_unprintable_ones_made_harmless() -> None:
    trace = small()
    trace.slices.append(Slice(0, 9_000, 2, "\x00\x1b]<script>.0"))
    words = [element.text for element in elements(svg(trace, machine(4)), "text")]
    assert "a<b>&co" in words
    assert "\ufffd\ufffd]<script>" in words


def test_a_missed_deadline_and_a_message_are_told_on_hovering() -> None:
    told = [element.text or "" for element in elements(svg(small(), machine(2)), "title")]
    assert "z.0, 3 ps late" in told
    assert any('say "hi", now, core 0 to 1, 1 ps' in text for text in told)


def test_slice_ends_are_diamonds_where_the_slice_is_wide_enough() -> None:
    trace = Trace(
        slices=[Slice(0, 40 * MS, 0, "a.0"), Slice(40 * MS, 41 * MS, 0, "b.0"), Slice(41 * MS, 99 * MS, 0, "a.0")]
    )
    (diamonds,) = (
        element.get("d", "")
        for element in elements(svg(trace, machine(2), end_ps=100 * MS), "path")
        if element.get("fill") == "#000"
    )
    assert diamonds.count("z") == 2


def test_a_window_shows_only_what_happens_in_it(phase_change: Outcome) -> None:
    start = phase_change.start_ps + 700 * MS
    text = svg(phase_change.trace, machine(), start_ps=start, end_ps=start + 200 * MS)
    assert "message" not in {element.text for element in elements(text, "text")}
    assert sum(True for _ in elements(text, "rect")) < 200


def test_an_empty_window_is_refused_and_an_empty_trace_is_an_empty_picture() -> None:
    with pytest.raises(ScenarioError, match="accepted: an end after the start"):
        svg(small(), machine(2), start_ps=10, end_ps=10)
    ET.fromstring(svg(Trace(), machine(2)))


@pytest.mark.parametrize("cores", [2, 64])
def test_rows_stay_legible_and_inside_the_picture(cores: int) -> None:
    trace = Trace(slices=[Slice(0, 10 * MS, core, "a.0") for core in range(cores)])
    text = svg(trace, machine(cores, 2))
    height = float(ET.fromstring(text).get("height", "0"))
    rows = [rect for rect in elements(text, "rect") if rect.get("fill") == "#eef0f3" and rect.get("x")]
    assert len(rows) == cores
    assert all(11 <= float(row.get("height", "0")) <= 30 for row in rows)
    assert max(float(row.get("y", "0")) for row in rows) < height - 60


def test_too_many_slices_become_shares_of_strips_and_the_picture_says_so() -> None:
    short = [Slice(i * 10 * US, (i + 1) * 10 * US, 0, "a.0" if i % 4 else "b.0") for i in range(60_000)]
    drawn, _ = boxes(short, 0, 600 * MS, 500 * US)
    assert len(drawn) <= MOST_BOXES
    assert sum(box.slices for box in drawn) == len(short)
    assert all(0.23 < box.high - box.low < 0.27 for box in drawn if box.application == "b")
    words = [element.text or "" for element in elements(svg(Trace(slices=short), machine(2)), "text")]
    assert any("60000 slices shorter than" in text for text in words)


def test_the_number_of_boxes_and_lines_is_bounded() -> None:
    many = [Slice(i * US, i * US + US // 2, core, f"a{i % 5}.0") for core in range(64) for i in range(400)]
    drawn, grain = boxes(many, 0, 400 * US, 1 * US)
    assert len(drawn) <= MOST_BOXES < len(many)
    assert grain > 1 * US
    messages = [Message(i, i + 200, i % 64, (i * 7 + 1) % 64, "m") for i in range(6_000)]
    text = svg(Trace(messages=messages), machine(64))
    assert sum(True for _ in elements(text, "circle")) <= 3_001


def test_colours_do_not_depend_on_the_window_and_monitors_are_grey() -> None:
    chosen = colours([Slice(0, 1, 0, f"{name}.0") for name in ("monitor", "cpu", "barrier")])
    assert chosen == {"barrier": PALETTE[0], "cpu": PALETTE[1], "monitor": "#8a8f98"}
    nine = colours([Slice(0, 1, 0, f"app{i}.0") for i in range(9)])
    assert len(set(nine.values())) == 9


def test_equal_runs_give_equal_pictures() -> None:
    scenario = replace(out_of_phase(barrier_beside_cpu_bound(10), 1), warmup_ps=0, duration_ps=1 * S)
    first, second = run(scenario).trace, run(scenario).trace
    assert svg(first, scenario.machine) == svg(second, scenario.machine)
    assert chrome_trace(first, scenario.machine) == chrome_trace(second, scenario.machine)
    assert csv(first) == csv(second)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.integers(0, 10**15), st.integers(1, 10**14))
def test_the_axis_has_a_few_evenly_spaced_marks_inside_the_window_with_short_distinct_labels(
    start: int, span: int
) -> None:
    marks = axis(start, start + span)
    assert len(marks.ticks_ps) <= 13
    assert all(start <= tick <= start + span for tick in marks.ticks_ps)
    assert len({after - before for before, after in pairwise(marks.ticks_ps)}) <= 1
    assert len(set(marks.labels)) == len(marks.labels)
    assert all(len(label) <= 9 for label in marks.labels)


def test_durations_are_told_in_the_largest_unit_that_leaves_a_whole() -> None:
    told = [duration(value) for value in (0, 999, 1_500, 54 * US, 80 * MS, 15 * S)]
    assert told == ["0 s", "999 ps", "1.5 ns", "54 µs", "80 ms", "15 s"]
