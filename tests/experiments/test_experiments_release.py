"""A release found by admission: every planner knows of the phase in time, whatever else is promised on its core."""

from functools import cache
from random import Random

import facts
import skb
from experiments.deploy import Deployment, deploy, deploy_planners, deploy_schedules
from experiments.runs.simulation import run_scenario
from kernelsim import Application, Outcome, PhaseChange, Scenario, run
from kernelsim.scenario import MILLISECOND_PS, CpuBound, Scripted
from planner import Decision, Manifest, Topology, admit
from planner.verify.release import check_release

HAND_PICKED_NS = 480_000_000
"""What the dissertation's authors chose for their gang of 80 in 160 ms."""
APART_MS = 1_000
CORES = 4
TWO_LEVEL = {"0": [1, 2, 3, 4, 8, 12], "4": [5, 6, 7], "8": [9, 10, 11], "12": [13, 14, 15]}


@cache
def machine() -> tuple[Topology, Deployment]:
    topology = Topology.of(skb.load(facts.read(f"synthetic:pack:1 core:{CORES} pu:1")))
    return topology, deploy(topology)


def busy_manifests(random: Random) -> list[Manifest]:
    """Gangs over all cores with several phases, the rest of each core's nine tenths filled by a task of its own."""
    period = random.choice((8, 10, 16, 20, 32, 40, 80))
    gangs, left = [], 880_000
    for number in range(random.randint(1, 3)):
        own = period * random.choice((1, 1, 2))
        wcet_us = random.randint(200, max(201, own * min(left, 400_000) // 1000 // 2))
        left -= wcet_us * 1000 // own
        text = f"B 1\nG {wcet_us / 1000} {own} {own} auto\nG {wcet_us / 2000} {own} {own} auto\n"
        gangs.append(Manifest.from_text(text, name=f"gang{number}", dispatchers=CORES))
    filler = period * random.choice((1, 2))
    wcet_us = filler * max(left, 10_000) // 1000
    text = f"H {wcet_us / 1000} {filler} {filler}\n"
    return [*gangs, *(Manifest.from_text(text, name=f"fill{core}") for core in range(CORES))]


def restless(random: Random, until_ms: int) -> Scripted:
    """Best effort that wakes, yields and sleeps at random."""
    times = sorted(random.randrange(until_ms * MILLISECOND_PS) for _ in range(40))
    return Scripted((tuple((time, random.choice(("run", "run", "yield", "block"))) for time in times),))


def change_often(decision: Decision, random: Random, changes: int) -> Outcome:
    """Every gang changes phase again and again, at random or all at once; no gang asks twice before it is answered."""
    _, deployment = machine()
    gangs = [name for name in decision.cores if name.startswith("gang")]
    rounds = -(-changes // len(gangs))
    asked = []
    for number in range(rounds):
        together = random.randrange(APART_MS // 3) if random.random() < 0.3 else None
        for name in gangs:
            at_ms = number * APART_MS + (random.randrange(APART_MS // 3) if together is None else together)
            phase = (number % 3 + 1) % 3 if random.random() < 0.8 else random.randrange(3)
            asked.append(PhaseChange(name, phase, at_ms * MILLISECOND_PS + random.randrange(10**9)))
    applications = [
        Application(name, CpuBound(), deployment.indices(cores, name)) for name, cores in decision.cores.items()
    ]
    applications += [Application(f"restless{core}", restless(random, 2_000), (core,)) for core in range(CORES)]
    return run(
        Scenario(
            deployment.machine,
            tuple(applications),
            (rounds * APART_MS + APART_MS) * MILLISECOND_PS,
            schedules=deploy_schedules(decision.schedules),
            monitors=deploy_planners(decision.planners, deployment),
            synchronise=True,
            phase_changes=tuple(asked),
        )
    )


def check_in_time(decision: Decision, outcome: Outcome) -> int:
    """How many changes were carried out, all of them in time and together."""
    derived = {(one.application, one.phase): one for one in decision.releases}
    for change in outcome.phase_changes:
        assert len(change.entered_ps) == CORES
        release = derived.get((change.application, change.phase))
        if release is None:
            continue
        last_ns = (max(change.entered_ps.values()) - change.requested_ps) / 1000
        assert last_ns <= release.release_ns < HAND_PICKED_NS
        assert change.is_together
        assert all(at >= max(change.entered_ps.values()) for at in change.released_ps.values())
    assert outcome.monitor_misses == ()
    assert [name for name, one in outcome.applications.items() if one.misses] == []
    return len(outcome.phase_changes)


def test_no_planner_is_late_for_a_derived_release_under_full_load(full_scale: bool) -> None:
    topology, _ = machine()
    wanted, done, seed = (10_000 if full_scale else 50), 0, 0
    while done < wanted:
        random = Random(seed)
        seed += 1
        decision = admit(busy_manifests(random), topology)
        if decision.admitted:
            assert len(decision.planners) == CORES
            done += check_in_time(decision, change_often(decision, random, 250 if full_scale else 25))
    assert seed < 3 * wanted


def test_a_derived_release_holds_when_it_is_replayed_hop_by_hop() -> None:
    topology, _ = machine()
    for seed in range(20):
        decision = admit(busy_manifests(Random(seed)), topology)
        for one in decision.releases:
            members = decision.cores[one.application]
            latency_ns = {(members[0], core): topology.latency_ps(members[0], core) // 1000 for core in members}
            if one.derived_ns is not None:
                check_release(one, members, decision.planners, latency_ns)


def test_without_guaranteed_planners_a_short_release_is_late_on_busy_cores() -> None:
    """What the reservation is for: the same gang with its release picked by hand, beside monitors of best effort."""
    topology, _ = machine()
    late = 0
    for seed in range(6):
        random = Random(seed)
        texts = [(one, one.to_text().replace("auto", "10")) for one in busy_manifests(random)]
        manifests = [Manifest.from_text(text, name=one.name, dispatchers=one.dispatcher_count) for one, text in texts]
        decision = admit(manifests, topology)
        if decision.admitted:
            outcome = change_often(decision, random, 10)
            late += sum(
                max(one.entered_ps.values()) > one.requested_ps + 10 * MILLISECOND_PS for one in outcome.phase_changes
            )
    assert late > 0


def test_a_scenario_derives_the_release_along_the_tree_of_its_phase_change() -> None:
    scenario = {
        "machine": "amd-4x4",
        "seconds": 1.2,
        "application": [
            {"name": "gang", "workload": "cpu-bound", "threads": 16, "cores": "0-15", "manifest": "B 1\nG 8 40 40 auto"}
        ],
        "phase_changes": [{"application": "gang", "phase": 1, "at_ms": 100, "tree": TWO_LEVEL}],
    }
    result = run_scenario(scenario)
    assert result.decision is not None
    (release,) = result.decision.releases
    (change,) = result.to_json()["phase_changes"]
    assert change["together"]
    assert change["entered_us"] - change["requested_us"] <= release.release_ns / 1000
    assert len(release.path) == 3
