"""One scheduler, one monitor and one set of protocols on all machine descriptions, and on one that nobody has."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import facts
import kernelsim
import skb
from experiments.deploy import Deployment, deploy, deploy_schedules
from kernelsim.channels.setup import ChannelSetup
from kernelsim.messages.typed.interface import read_interface
from kernelsim.messages.ump_format import UmpFormat
from kernelsim.naming.switchboard import switchboard
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Member, Team
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, Barrier
from planner.admission.admit import admit
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest

MACHINES = ("amd-2x2", "amd-4x4", "amd-8x4", "intel-2x4", "scc", "scc-host")
MADE_UP = """% Three packages of two cores in a row: another instruction set, ids with gaps, two speeds, few costs.
machine('made-up').
core(2, 0). core(3, 0). core(11, 1). core(12, 1). core(40, 4). core(41, 4).
clock_hz(2, 900000000). clock_hz(3, 900000000). clock_hz(11, 900000000).
clock_hz(12, 1700000000). clock_hz(40, 1700000000). clock_hz(41, 1700000000).
isa(2, riscv64). isa(3, riscv64). isa(11, riscv64). isa(12, riscv64). isa(40, riscv64). isa(41, riscv64).
package_hops(0, 0, 0). package_hops(1, 1, 0). package_hops(4, 4, 0).
package_hops(0, 1, 1). package_hops(1, 0, 1). package_hops(1, 4, 1). package_hops(4, 1, 1).
package_hops(0, 4, 2). package_hops(4, 0, 2).
message_latency_ps(2, 41, 3333000, 0, 3333000, 3333000).
"""
GANG, SPARE = "gang", 2
STREAM = read_interface("interface stream { message item(u32 id, string text); }")
DEFAULT, OTHER = (
    ChannelSetup(),
    ChannelSetup(UmpFormat(4, 32, 4, acks="piggyback"), spin_ps=0, notification="interrupt",
                 interrupt_ps=2 * MICROSECOND_PS),
)  # fmt: skip
ITEMS = 12


@pytest.fixture(scope="module", params=[*MACHINES, "made-up"])
def topology(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Topology:
    if request.param != "made-up":
        return described(request.param)
    file: Path = tmp_path_factory.mktemp("machines") / "made-up.facts"
    file.write_text(MADE_UP)
    return described(str(file))


@cache
def described(name: str) -> Topology:
    return Topology.of(skb.load(facts.read(name)).snapshot())


def streams(got: list[tuple[int, int, str]], setups: tuple[ChannelSetup, ChannelSetup]) -> Callable[[Team], Body]:
    """Thread 0 sends over two channels at once, each set up otherwise; threads 1 and 2 receive."""

    def receive(me: Member) -> Program:
        service = yield from switchboard(me.team).export(me, f"sink {me.index}", STREAM, setups[me.index - 1])
        end = yield from service.accept(me)
        for _ in range(ITEMS):
            item = yield from end.receive(me)
            got.append((me.index, int(str(item.values["id"])), str(item.values["text"])))
            me.count()

    def send(me: Member) -> Program:
        yield me.sleep(20 * MILLISECOND_PS)
        ends = []
        for number in (1, 2):
            ends.append((yield from switchboard(me.team).connect(me, f"sink {number}", STREAM)))
        for item in range(ITEMS):
            for end in ends:
                yield from end.send(me, "item", id=item, text="two lines of text" * 4)

    return lambda team: lambda me: receive(me) if me.index else send(me)


def booted(
    machine: Topology, got: list[tuple[int, int, str]], setups: tuple[ChannelSetup, ChannelSetup]
) -> tuple[kernelsim.Scenario, Deployment, tuple[int, ...]]:
    """A gang with a phase change on all cores but two, and a stream between the first core and the last two."""
    ids = machine.allowed_ids
    members = ids[: max(2, min(8, len(ids) - SPARE))]
    manifest = Manifest.from_text("B 1\nG 4 10 4 20\n", name=GANG, dispatchers=len(members))
    decision = admit([manifest], machine, cores={GANG: members})
    deployment = deploy(machine)
    cores = deployment.indices(members, GANG)
    talking = deployment.indices((ids[0], ids[-2], ids[-1]), "streams")
    scenario = kernelsim.Scenario(
        deployment.machine,
        (
            kernelsim.Application(GANG, Barrier(), cores),
            kernelsim.Application("streams", kernelsim.Programs(streams(got, setups)), talking),
        ),
        400 * MILLISECOND_PS,
        schedules=deploy_schedules(decision.schedules),
        synchronise=True,
        phase_changes=(kernelsim.PhaseChange(GANG, 1, 5 * MILLISECOND_PS),),
    )
    return scenario, deployment, cores


def test_gangs_phase_changes_and_streams_run_on_every_machine_by_the_same_code(topology: Topology) -> None:
    got: list[tuple[int, int, str]] = []
    scenario, deployment, cores = booted(topology, got, (DEFAULT, OTHER))
    outcome = kernelsim.run(scenario)
    gang = outcome.applications[GANG]
    (change,) = outcome.phase_changes
    assert (outcome.phase_locked, outcome.applications["streams"].failures) == (True, ())
    assert change.answered_ps is not None
    assert gang.misses == ()
    assert gang.progress > 0
    assert starts_together(outcome, cores)
    for sink in (1, 2):
        assert [number for index, number, _ in got if index == sink] == list(range(ITEMS))
    source, target = deployment.indices((topology.allowed_ids[0], topology.allowed_ids[-1]), "streams")
    sent = [one for one in outcome.trace.messages if (one.source, one.target, one.kind) == (source, target, "ump")]
    latencies = {one.arrived_ps - one.sent_ps for one in sent}
    ids = deployment.core_ids
    assert sent
    assert min(latencies) == topology.latency_ps(ids[source], ids[target])


def test_a_stream_over_another_transport_says_the_same_at_other_times() -> None:
    machine = described("amd-2x2")
    said, traces = [], set()
    for setups in ((DEFAULT, DEFAULT), (DEFAULT, OTHER), (OTHER, DEFAULT)):
        got: list[tuple[int, int, str]] = []
        outcome = kernelsim.run(booted(machine, got, setups)[0])
        said.append(sorted(got))
        traces.add(outcome.trace.sha256())
    assert said[0] == said[1] == said[2]
    assert len(traces) == 3


def test_nothing_depends_on_what_a_machine_is_called() -> None:
    scenario = booted(described("scc-host"), [], (DEFAULT, OTHER))[0]
    renamed = replace(scenario, machine=replace(scenario.machine, name="something else"))
    assert kernelsim.run(renamed).trace.sha256() == kernelsim.run(scenario).trace.sha256()


def starts_together(outcome: kernelsim.Outcome, cores: tuple[int, ...]) -> bool:
    """Whether in its guaranteed phase every slice of the gang begins on all its cores at one instant."""
    begins = (outcome.phase_changes[0].answered_ps or 0) + 40 * MILLISECOND_PS
    where: dict[int, set[int]] = {}
    for one in outcome.trace.slices:
        if one.who.startswith(f"{GANG}.") and one.start_ps > begins:
            where.setdefault(one.start_ps, set()).add(one.core)
    return len(where) > 20 and all(on == set(cores) for on in where.values())
