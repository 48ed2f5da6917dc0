"""Workloads of a file that answer others: a stream's monitor, a web service, players, a user's program."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import kernelsim.scenario as simulated
from experiments.errors import ExperimentError
from experiments.files.fields import Fields
from experiments.files.option_numbers import as_number, as_ps, as_whole
from experiments.files.programs import load_program, read_program
from kernelsim.applications.device_driver import DeviceDriver
from kernelsim.applications.interactive import Answers, Frames
from kernelsim.applications.web_service import DOMAINS, WebLoad, WebService
from kernelsim.machine.devices import Device
from kernelsim.programs.team import Body, Team

MOST_BATCHES = 100_000
MOST_MEETINGS = 2_000_000
MOST_PAGES = 200_000
MOST_FRAMES = 1_000_000
MOST_INPUTS = 10_000
LEAST_MS = 0.001

Options = Mapping[str, object]
Option = float | str | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ReportingPrograms(simulated.Programs):
    """Programs that can tell more than their progress once they have run: `report` gives it by key, units last."""

    report: Callable[[], Mapping[str, float | None]] = dict


def read_stream_clustering(fields: Fields) -> dict[str, Option]:
    """Batches, and how they are clustered."""
    return {
        "interval_ms": _positive(fields, "interval_ms", 1000.0),
        "collect_ms": fields.number("collect_ms", 100.0, most=1e9),
        "barriers": fields.count("barriers", 100, least=1, most=10**7),
        "team": fields.count("team", 0, most=4096),
        "work_cycles": fields.count("work_cycles", 1_000_000, least=1, most=10**15),
        "spread_percent": fields.count("spread_percent", 0, most=99),
        "wait": fields.choice("wait", simulated.WAITS, "block"),
        "spin_us": fields.number("spin_us", 50.0, most=1e9),
        "pick": fields.choice("pick", simulated.PLACEMENTS, "idlest"),
    }


def read_web_service(fields: Fields) -> dict[str, Option]:
    """What clients ask for, and what it costs."""
    return {
        "server_cycles": fields.count("server_cycles", 100_000, least=1, most=10**12),
        "driver_cycles": fields.count("driver_cycles", 3_000, most=10**12),
        "query_cycles": fields.count("query_cycles", 0, most=10**12),
        "crossing_cycles": fields.count("crossing_cycles", 0, most=10**12),
        "connections": fields.count("connections", 68, least=1, most=10_000),
        "packet_lines": fields.count("packet_lines", 4, most=10_000),
        "network_us": fields.number("network_us", 100.0, most=1e9),
        "wire_ns": fields.number("wire_ns", 0.0, most=1e9),
        "tick_ms": _positive(fields, "tick_ms", 250.0),
        "tick_cycles": fields.count("tick_cycles", 1000, most=10**12),
        "spin_us": fields.number("spin_us", 7.37, most=1e9),
    }


def read_frames(fields: Fields) -> dict[str, Option]:
    """A frame in every period."""
    period_ms = _positive(fields, "period_ms", 20.0)
    return {
        "period_ms": period_ms,
        "work_ms": _positive(fields, "work_ms", period_ms / 5),
        "wait": fields.choice("wait", ("block", "yield"), "block"),
    }


def read_answers(fields: Fields) -> dict[str, Option]:
    """When the user wants an answer, and what it takes on all cores together."""
    value = fields.take("inputs_ms", [])
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_INPUTS:
        raise fields.refuse("inputs_ms", "found no list of times", f"a list of 1 to {MOST_INPUTS} times in their order")
    inputs = tuple(fields.check_number("inputs_ms", each, 1e9) for each in value)
    if list(inputs) != sorted(inputs):
        raise fields.refuse("inputs_ms", "found an earlier time after a later one", "times in their order")
    return {
        "inputs_ms": inputs,
        "work_ms": _positive(fields, "work_ms", 24.0),
        "attention_ms": fields.number("attention_ms", 50.0, most=1e9),
        "wait": fields.choice("wait", ("block", "yield"), "block"),
    }


def read_device_driver(fields: Fields) -> dict[str, Option]:
    """A device that has something to tell every so often, near a core (its SKB id)."""
    interval_us = fields.number("interval_us", 1000.0, most=1e9)
    if interval_us < LEAST_MS:
        raise fields.refuse("interval_us", f"found {interval_us}", f"at least {LEAST_MS}")
    return {
        "near": fields.count("near", 0, most=2**31),
        "interval_us": interval_us,
        "coalesce_us": fields.number("coalesce_us", 0.0, most=1e9),
        "trap_us": fields.number("trap_us", 1.0, most=1e6),
        "work_cycles": fields.count("work_cycles", 3000, most=10**12),
        "spin_us": fields.number("spin_us", 0.0, most=1e9),
    }


READERS: Mapping[str, Callable[[Fields], Mapping[str, Option]]] = {
    "stream-clustering": read_stream_clustering,
    "web-service": read_web_service,
    "frames": read_frames,
    "answers": read_answers,
    "device-driver": read_device_driver,
    "program": read_program,
}


def make_service(
    kind: str, option: Options, *, name: str, threads: int, seconds: float, seed: int
) -> simulated.Workload:
    """The simulator's workload. Raises ExperimentError for more than can be run, and for threads without a task."""
    if kind == "stream-clustering":
        return _stream(option, name, threads, seconds, seed)
    if kind == "web-service":
        return _web_service(option, name, threads, seconds)
    if kind == "frames":
        return _frames(option, name, threads, seconds)
    if kind == "answers":
        return _answers(option, threads)
    if kind == "device-driver":
        return _device_driver(option, name, threads, seconds)
    return simulated.Programs(load_program(str(option["program"]), Path(str(option["folder"]))))


def _stream(option: Options, name: str, threads: int, seconds: float, seed: int) -> simulated.StreamClustering:
    interval_ms, team = as_number(option["interval_ms"]), as_whole(option["team"]) or min(8, threads)
    batches = int(seconds * 1e3 / interval_ms) + 1
    _check(name, batches, MOST_BATCHES, "batches", "interval_ms")
    barriers, spread = as_whole(option["barriers"]), as_whole(option["spread_percent"])
    if spread:
        _check(name, batches * barriers * team, MOST_MEETINGS, "uneven steps to a barrier", "interval_ms")
    if team > threads:
        raise ExperimentError(
            f"application {name!r} updates by {team} of its {threads} threads; accepted: a team of 1 to {threads}",
            details={"application": name, "found": team, "accepted": threads},
        )
    barrier = simulated.Barrier(
        wait=str(option["wait"]),
        spin_ps=as_ps(option["spin_us"], 1e6),
        work_cycles=as_whole(option["work_cycles"]),
        spread_percent=spread,
        seed=seed,
    )
    return simulated.StreamClustering(
        arrives_ps=tuple(round(number * interval_ms * 1e9) for number in range(batches)),
        collect_ps=as_ps(option["collect_ms"], 1e9),
        barriers=barriers,
        threads=team,
        barrier=barrier,
        placement=str(option["pick"]),
    )


def _web_service(option: Options, name: str, threads: int, seconds: float) -> simulated.Programs:
    """A thread for each domain: server alone, driver and server, those and a timer, those and a database."""
    load = WebLoad(
        server_cycles=as_whole(option["server_cycles"]),
        driver_cycles=as_whole(option["driver_cycles"]),
        query_cycles=as_whole(option["query_cycles"]),
        connections=as_whole(option["connections"]),
        packet_lines=as_whole(option["packet_lines"]),
        network_ps=as_ps(option["network_us"], 1e6),
        wire_ps=as_ps(option["wire_ns"], 1e3),
        tick_ps=as_ps(option["tick_ms"], 1e9),
        tick_cycles=as_whole(option["tick_cycles"]),
        spin_ps=as_ps(option["spin_us"], 1e6),
    )
    domains = ("server",) if threads == 1 else DOMAINS[:threads]
    if threads > len(DOMAINS) or (load.query_cycles and "database" not in domains):
        raise ExperimentError(
            f"application {name!r} is a web service of {threads} threads with {load.query_cycles} cycles for a query; "
            f"accepted: 1 (a server alone) to {len(DOMAINS)} threads ({', '.join(DOMAINS)}), queries with all of them",
            details={"application": name, "found": threads, "accepted": len(DOMAINS)},
        )
    _check(name, seconds * 4e9 / (load.server_cycles + load.driver_cycles), MOST_PAGES, "pages", "server_cycles")
    crossing_cycles = as_whole(option["crossing_cycles"])

    def make(team: Team) -> Body:
        service = WebService(load, dict(zip(domains, team.cores, strict=True)), crossing_cycles)
        bodies = [service.program_of(domain, team) for domain in domains]
        return lambda me: bodies[me.index](me)

    return simulated.Programs(make, blocking=True)


def _frames(option: Options, name: str, threads: int, seconds: float) -> ReportingPrograms:
    period_ms, wait = as_number(option["period_ms"]), str(option["wait"])
    _check(name, threads * seconds * 1e3 / period_ms, MOST_FRAMES, "frames", "period_ms")
    frames = Frames(as_ps(option["work_ms"], 1e9), round(period_ms * 1e9), wait)
    return ReportingPrograms(frames.make, wait == "block", lambda: {"frames": frames.shown, "late_frames": frames.late})


def _answers(option: Options, threads: int) -> ReportingPrograms:
    inputs, wait = option["inputs_ms"], str(option["wait"])
    assert isinstance(inputs, tuple)
    times = tuple(as_ps(each, 1e9) for each in inputs)
    answers = Answers(times, as_ps(option["work_ms"], 1e9), threads, as_ps(option["attention_ms"], 1e9), wait)

    def report() -> dict[str, float | None]:
        found = answers.responses_ps
        longest_ms = max(found) / 1e9 if found else None
        return {"answers": len(found), "longest_answer_ms": longest_ms, "late_answers": answers.late}

    return ReportingPrograms(answers.make, wait == "block", report)


def _device_driver(option: Options, name: str, threads: int, seconds: float) -> ReportingPrograms:
    if threads != 1:
        raise ExperimentError(
            f"application {name!r} drives a device with {threads} threads; accepted: 1",
            details={"application": name, "found": threads, "accepted": 1},
        )
    _check(name, seconds * 1e6 / as_number(option["interval_us"]), MOST_FRAMES, "interrupts", "interval_us")
    device = Device(
        near=as_whole(option["near"]),
        period_ps=as_ps(option["interval_us"], 1e6),
        coalesce_ps=as_ps(option["coalesce_us"], 1e6),
        trap_ps=as_ps(option["trap_us"], 1e6),
    )
    driver = DeviceDriver(device, as_whole(option["work_cycles"]), as_ps(option["spin_us"], 1e6))

    def report() -> dict[str, float | None]:
        found = driver.latencies_ps
        mean_us = sum(found) / len(found) / 1e6 if found else None
        return {"interrupts": driver.interrupts, "mean_latency_us": mean_us}

    return ReportingPrograms(driver.make, blocking=True, report=report)


def _positive(fields: Fields, key: str, default: float) -> float:
    value = fields.number(key, default, most=1e9)
    if value < LEAST_MS:
        raise fields.refuse(key, f"found {value}", f"at least {LEAST_MS}")
    return value


def _check(name: str, expected: float, most: int, what: str, key: str) -> None:
    if expected > most:
        raise ExperimentError(
            f"application {name!r} would come to about {expected:.3g} {what}; accepted: at most {most}, by fewer "
            f"seconds or a larger workload_options.{key}",
            code="too_many_events",
            details={"application": name, "found": round(expected), "accepted": most},
        )
