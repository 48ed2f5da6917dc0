"""Placements under constraints with a known answer: 128 cores, 96 threads, FPU, memory, a device, caches to share."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import facts
import skb
from planner import Application, Topology, place
from planner.placement.rules.conflict import find_conflict
from planner.placement.rules.settling import Settling
from skb.terms import Compound

SEED = 2026
CASES = 50
CORES, THREADS = 128, 96
SHAPES = (
    "pack:2 numa:4 l3:2 core:8 pu:1",
    "pack:2 numa:2 l3:8 core:4 pu:1",
    "pack:1 numa:4 l3:4 core:4 pu:2",
    "numa:8 l3:1 core:16 pu:1",
)
GOAL_S, CONFLICT_GOAL_S = 1.0, 2.0
GIB = 2**30
DEVICE = Compound("addr", (3, 0, 0))


@dataclass(frozen=True, slots=True)
class Case:
    """An application on a machine; `reason` is why no placement exists, empty where a hidden one keeps every rule."""

    number: int
    machine: Topology
    app: Application
    reason: str


def constrained() -> str:
    """All cases: how long an answer takes, and a minimal conflict where there is no placement; wall seconds."""
    cases = list(generate(SEED, CASES))
    place(cases[0].app, cases[0].machine, iterations=1)
    answers = {True: [0.0], False: [0.0]}
    wrong, conflicts, unproven = [], [0.0], 0
    for case in cases:
        status, seconds = _answered(case)
        answers[not case.reason].append(seconds)
        if (status == "infeasible") != bool(case.reason) or status == "unknown":
            wrong.append(f"{case.number} {status}, meant {case.reason or 'feasible'}")
        if case.reason:
            begin = time.perf_counter()
            found = find_conflict(case.app, case.machine)
            conflicts.append(time.perf_counter() - begin)
            unproven += not found.is_minimal
    count = len(answers[True]) - 1
    worst, slowest = max(*answers[True], *answers[False]), max(conflicts)
    return "\n".join(
        [
            f"{CASES} constrained placements, seed {SEED}, {CORES} cores, {THREADS} threads, {count} of them feasible: "
            f"{len(wrong)} answers wrong or unknown {wrong or ''}",
            f"  answer worst {worst:.2f} s (feasible {max(answers[True]):.2f}, infeasible {max(answers[False]):.2f})"
            f"  goal < {GOAL_S} s: {_verdict(worst < GOAL_S and not wrong)}",
            f"  minimal conflict with relaxations worst {slowest:.2f} s, {unproven} not proved minimal"
            f"  goal < {CONFLICT_GOAL_S} s: {_verdict(slowest < CONFLICT_GOAL_S and not unproven)}",
        ]
    )


def _answered(case: Case) -> tuple[str, float]:
    """Status and seconds until it is known, without the search for the best map or for what explains a refusal."""
    begin = time.perf_counter()
    found = Settling(case.app, case.machine)(case.app.constraints)
    return found.status, time.perf_counter() - begin


def _verdict(is_reached: bool) -> str:
    return "reached" if is_reached else "not reached"


def generate(seed: int, count: int) -> Iterator[Case]:
    """Every second case has a hidden placement that the constraints are read off; the others break a sum by one."""
    for number in range(count):
        draw = Random(f"{seed} {number}")
        plan = _Plan(draw, SHAPES[number % len(SHAPES)], number)
        if number % 2:
            plan.spoil(draw.choice(("memory", "fpu", "caches", "device", "device memory")))
        yield plan.case()


class _Plan:
    """A machine with a hidden placement of teams, and what is asked for so that it just fits."""

    def __init__(self, draw: Random, shape: str, number: int) -> None:
        self._draw = draw
        self._number = number
        self._reason = ""
        self._knowledge = skb.load(facts.read(f"synthetic:{shape}"))
        self._bare = Topology.of(self._knowledge)
        self._caches = [list(own) for own in self._bare.sharing(3)]
        self._team = len(self._caches[0])
        self._teams = draw.sample(self._caches, THREADS // self._team)
        self._near = draw.choice(sorted(self._bare.nodes))
        self._node_bytes = {node: draw.choice((48, 64, 96)) * GIB for node in self._bare.nodes}
        self._fpu_teams = draw.randint(1, len(self._teams) - 1)
        self._device_teams = sum(self._node_of(team) == self._near for team in self._teams)
        self._fpu = {core for team in self._teams[: self._fpu_teams] for core in team}
        self._fpu |= {core for own in self._caches for core in draw.sample(own, draw.randint(0, len(own) - 1))}
        fullest = max(sum(self._node_of(team) == node for team in self._teams) for node in self._bare.nodes)
        least = min(self._node_bytes.values())
        self._asked_bytes = least // (fullest * self._team)

    def _node_of(self, team: list[int]) -> int | None:
        return self._bare.core(team[0]).node

    def spoil(self, what: str) -> None:
        """Ask for just more than there is, by a count that needs no solver."""
        whole = [own for own in self._caches if set(own) <= self._fpu]
        near = [own for own in self._caches if self._node_of(own) == self._near]
        if what == "memory":
            self._asked_bytes = sum(self._node_bytes.values()) // THREADS + 1
        elif what == "fpu":
            self._fpu = set(sorted(self._fpu)[: self._fpu_teams * self._team - 1])
        elif what == "caches":
            for own in whole[self._fpu_teams - 1 :]:
                self._fpu.discard(own[0])
        elif what == "device":
            self._device_teams = len(near) + 1
        else:
            self._device_teams = max(1, self._device_teams)
            self._asked_bytes = self._node_bytes[self._near] // (self._device_teams * self._team) + 1
        self._reason = what

    def case(self) -> Case:
        told: list[tuple[str, tuple[Any, ...]]] = [("cpu_feature", (core, "sse2")) for core in self._bare.core_ids]
        told += [("cpu_feature", (core, "fpu")) for core in sorted(self._fpu)]
        told += [("numa_node", (node, node, size)) for node, size in self._node_bytes.items()]
        told += [("device", ("pci", DEVICE, 1, 2, 2, 0, 0, 0)), ("device_node", (DEVICE, self._near))]
        self._knowledge.tell(told, layer="quirk")
        return Case(self._number, Topology.of(self._knowledge), self._application(), self._reason)

    def _application(self) -> Application:
        """Teams as groups: the first need an FPU, those that lie there are asked to be near the device."""
        near = [index for index, team in enumerate(self._teams) if self._node_of(team) == self._near]
        rest = [index for index in range(len(self._teams)) if index not in near]
        chosen = [*near, *rest][: self._device_teams]
        groups = [
            {
                "name": f"team{index}",
                "count": self._team,
                "memory": self._asked_bytes,
                **({"features": ["fpu"]} if index < self._fpu_teams else {}),
            }
            for index in range(len(self._teams))
        ]
        constraints: list[dict[str, Any]] = [
            {"name": "caches", "kind": "share", "level": "L3", "each": self._team},
            {"kind": "forbid", "cores": self._spare()},
        ]
        if chosen:
            members = [f"team{index}" for index in chosen]
            constraints.append({"kind": "near", "device": "03:00.0", "members": members})
        traffic = [
            {"between": group["name"], "pattern": "ring", "bytes_per_second": self._draw.randint(1, 9) * 1e6}
            for group in groups
        ]
        document = {"group": groups, "constraint": constraints, "traffic": traffic}
        return Application.from_mapping(document)

    def _spare(self) -> list[int]:
        used = {core for team in self._teams for core in team}
        free = sorted(set(self._bare.core_ids) - used)
        return self._draw.sample(free, 2)
