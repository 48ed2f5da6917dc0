"""No node of a running multikernel touches another, and no CPU driver does two things at a time."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from kernelsim_audit import Audit, audited
from kernelsim_machines import MS, US, gang, machine, random_scenario, two_phases

import kernelsim
from kernelsim import Application, Operation, Outcome, PhaseChange, Programs, Scenario, run
from kernelsim.core.cpu_driver import CpuDriver
from kernelsim.programs.parallel.stealing_by_request import work_stealing
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Make, Member, Team
from kernelsim.scenario import Barrier, CpuBound, Scripted, Traffic
from kernelsim.system.planner import Planner


def everything() -> Scenario:
    """Gangs that change phase, messages, agreements of both kinds, and programs that wake and block, on four cores.

    Every iteration is carried out: closed forms, whose traces are the same, account for many cores in one step.
    """
    members = gang(4, 2, 8, 4)
    waits = tuple((i * US * 50, what) for i in range(1, 800) for what in ("run", "block"))
    applications = (
        Application("barrier", Barrier(work_cycles=400_000), (0, 1, 2, 3)),
        Application("cpu", CpuBound(), (1, 2)),
        Application("traffic", Traffic(((0, 1, 300 * US), (1, 2, 500 * US))), (0, 2, 3)),
        Application("asks", Scripted((waits, (), (), ())), (0, 1, 2, 3)),
    )
    kinds = [
        ("send", 2),
        ("map", 9),
        ("unmap", 7),
        ("retype", 1),
        ("retype", 2),
        ("revoke", 1),
        ("leave", 3),
        ("join", 3),
    ]
    operations = tuple(
        Operation(kind, "asks", subject, at_ps=5 * at * MS, work_ps=US) for at, (kind, subject) in enumerate(kinds, 1)
    )
    return Scenario(
        machine(4, timeslice_ps=2 * MS),
        applications,
        50 * MS,
        two_phases("barrier", (), members),
        synchronise=True,
        phase_changes=(PhaseChange("barrier", 1, 3 * MS), PhaseChange("barrier", 0, 12 * MS)),
        operations=operations,
        step_by_step=True,
    )


def watch(monkeypatch: pytest.MonkeyPatch, scenario: Scenario) -> tuple[Audit, Outcome]:
    with audited(monkeypatch) as audit:
        return audit, run(scenario)


@pytest.fixture(scope="module")
def watched() -> tuple[Audit, Outcome]:
    return watch(pytest.MonkeyPatch(), everything())


def test_no_node_touches_the_state_of_another_outside_channels(watched: tuple[Audit, Outcome]) -> None:
    audit, outcome = watched
    assert outcome.trace.sha256() == run(everything()).trace.sha256()
    assert all(change.answered_ps for change in outcome.phase_changes)
    done = {one.kind for one in outcome.operations if one.done}
    assert done == {"send", "map", "unmap", "retype", "revoke", "leave", "join"}
    assert audit.accesses > 10_000
    assert audit.foreign == set()


def test_no_operation_of_a_cpu_driver_nests_in_another(watched: tuple[Audit, Outcome]) -> None:
    audit, _ = watched
    assert audit.operations > 400
    assert audit.nested == set()


def test_the_audit_finds_a_planner_that_looks_into_another_nodes_table(monkeypatch: pytest.MonkeyPatch) -> None:
    planners: list[Planner] = []
    booted, entered = Planner.__init__, Planner.enter

    def boot(self: Planner, *arguments: object, **options: object) -> None:
        booted(self, *arguments, **options)  # type: ignore[arg-type]
        planners.append(self)

    def enter(self: Planner, application: str, phase: int, asked_ps: int | None = None) -> dict[str, int]:
        planners[0].knows(application, phase)
        return entered(self, application, phase, asked_ps)

    monkeypatch.setattr(Planner, "__init__", boot)
    monkeypatch.setattr(Planner, "enter", enter)
    audit, _ = watch(monkeypatch, replace(everything(), duration_ps=10 * MS))
    assert {each.what for each in audit.foreign} >= {"Planner.knows"}
    assert {each.of for each in audit.foreign} == {0}


def test_the_audit_finds_a_driver_that_looks_while_it_does_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    settle = CpuDriver._settle

    def settle_and_look(self: CpuDriver) -> None:
        self._look()
        settle(self)

    monkeypatch.setattr(CpuDriver, "_settle", settle_and_look)
    audit, _ = watch(monkeypatch, replace(everything(), duration_ps=10 * MS))
    assert ("wake", "_look") in audit.nested


@pytest.mark.parametrize("seed", [0, 2])
def test_nor_does_it_in_random_runs(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    scenario = replace(random_scenario(seed), duration_ps=10 * MS, step_by_step=True)
    audit, _ = watch(monkeypatch, scenario)
    assert audit.operations
    assert audit.foreign == set()
    assert audit.nested == set()


def wandering(team: Team) -> Body:
    def body(me: Member) -> Program:
        while True:
            yield from me.migrate((me.core + 1) % 4)
            yield me.compute_ps(3 * MS)
            yield me.sleep(MS)
            me.count()

    return body


@pytest.mark.parametrize(
    "make", [wandering, work_stealing(50, MS, uses_count=True, done=lambda _: None)], ids=["migrate", "steal"]
)
def test_nor_do_threads_that_migrate_or_steal(monkeypatch: pytest.MonkeyPatch, make: Make) -> None:
    applications = (Application("team", Programs(make), (0, 1, 2, 3)), Application("rival", CpuBound(), (0, 1)))
    audit, outcome = watch(monkeypatch, Scenario(machine(4, timeslice_ps=10 * MS), applications, 100 * MS))
    assert outcome.applications["team"].progress > 20
    assert audit.operations
    assert audit.foreign == set()
    assert audit.nested == set()


CHANGING = ("append", "add", "update", "pop", "popleft", "clear", "extend", "setdefault", "remove", "discard", "insert")


def test_no_module_of_a_node_keeps_state_that_all_nodes_would_share() -> None:
    """No name of a module is rebound or changed in place by code that runs later."""
    changed = set()
    for room in ("core", "system", "nodes", "dispatchers", "capabilities", "messages", "channels", "naming"):
        for file in sorted((Path(kernelsim.__file__).parent / room).rglob("*.py")):
            changed |= {f"{file.stem}: {name}" for name in names_changed_in_place(ast.parse(file.read_text()))}
    assert changed == set()


def test_the_look_at_modules_finds_a_dictionary_that_functions_fill() -> None:
    text = "seen = {}\nlog = []\nTABLE = {1: 2}\ndef note(x):\n    seen[x] = TABLE[x]\n    log.append(x)\n"
    assert names_changed_in_place(ast.parse(text)) == {"seen", "log"}


def names_changed_in_place(module: ast.Module) -> set[str]:
    """Names bound at the top that functions rebind, index into for writing, or call a method of that changes."""
    top = {
        target.id
        for each in module.body
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    top |= {
        each.target.id for each in module.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Global):
            found |= set(node.names)
        elif (
            isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name)
        ) or (isinstance(node, ast.Attribute) and node.attr in CHANGING and isinstance(node.value, ast.Name)):
            found.add(node.value.id)
    return found & top
