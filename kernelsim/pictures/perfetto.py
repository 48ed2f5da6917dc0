"""A trace as Chrome trace-event JSON, which Perfetto and chrome://tracing open."""

import json

from kernelsim.machine.hardware import Machine
from kernelsim.trace import Trace

_RANK = {"M": 0, "X": 1, "s": 2, "i": 3, "f": 4}

Event = dict[str, object]


def chrome_trace(trace: Trace, machine: Machine) -> str:
    """One JSON document, sorted by time: a thread per core, a complete event per slice, a flow per message and an
    instant per mark.

    Times are microseconds with nanosecond precision, as the format asks for; what lies between two nanoseconds is
    rounded half up, so neighbouring slices still touch and never overlap. The exact picoseconds stand in `args`.
    Source: Trace Event Format, Google, 2016.
    """
    events = [*_names(machine), *_slices(trace), *_flows(trace), *_instants(trace)]
    events.sort(key=_place)
    document = {"displayTimeUnit": "ns", "otherData": {"machine": machine.name}, "traceEvents": events}
    return json.dumps(document, separators=(",", ":"))


def _place(event: Event) -> tuple[float, int, int]:
    time, core = event.get("ts", -1.0), event["tid"]
    assert isinstance(time, float)
    assert isinstance(core, int)
    return time, _RANK[str(event["ph"])], core


def _names(machine: Machine) -> list[Event]:
    events: list[Event] = [_name("process_name", 0, {"name": machine.name})]
    for core, package in enumerate(machine.package):
        events.append(_name("thread_name", core, {"name": f"core {core} (package {package})"}))
        events.append(_name("thread_sort_index", core, {"sort_index": core}))
    return events


def _name(what: str, core: int, args: Event) -> Event:
    return {"ph": "M", "name": what, "pid": 0, "tid": core, "args": args}


def _slices(trace: Trace) -> list[Event]:
    return [
        {
            "ph": "X",
            "name": slice_.who,
            "cat": slice_.who.rpartition(".")[0],
            "pid": 0,
            "tid": slice_.core,
            "ts": _ns(slice_.start_ps) / 1000,
            "dur": (_ns(slice_.end_ps) - _ns(slice_.start_ps)) / 1000,
            "args": {"start_ps": slice_.start_ps, "end_ps": slice_.end_ps},
        }
        for slice_ in trace.slices
    ]


def _flows(trace: Trace) -> list[Event]:
    events: list[Event] = []
    for number, message in enumerate(sorted(trace.messages)):
        same: Event = {"name": message.kind, "cat": "message", "id": number, "pid": 0}
        args = {"sent_ps": message.sent_ps, "arrived_ps": message.arrived_ps}
        events.append({"ph": "s", **same, "tid": message.source, "ts": _ns(message.sent_ps) / 1000, "args": args})
        events.append({"ph": "f", "bp": "e", **same, "tid": message.target, "ts": _ns(message.arrived_ps) / 1000})
    return events


def _instants(trace: Trace) -> list[Event]:
    return [
        {
            "ph": "i",
            "s": "t",
            "name": mark.kind,
            "cat": "mark",
            "pid": 0,
            "tid": mark.core,
            "ts": _ns(mark.time_ps) / 1000,
            "args": {"text": mark.text, "time_ps": mark.time_ps},
        }
        for mark in trace.marks
    ]


def _ns(time_ps: int) -> int:
    return (time_ps + 500) // 1000
