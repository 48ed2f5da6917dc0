"""`skb admit`, `submit`, `manifests`, `withdraw`, `phase`: guaranteed time, asked for and given."""

import re
from pathlib import Path
from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.tables import seconds, table

_COUNT = re.compile(r"(.+):(\d{1,9})", re.DOTALL)
_SHOWN_SCHEDULES = 8
POLICY_HELP = "Where they do not fit: refuse, reduce, or rules:FILE."


@command("admit")
@click.argument("machine")
@click.argument("manifests", nargs=-1, required=True, metavar="[NAME=]MANIFEST[:N]...")
@click.option("--policy", default="refuse", metavar="POLICY", help=POLICY_HELP)
@click.option("--cores", multiple=True, metavar="NAME=LIST", help="Fix an application's cores, as barrier=0-15.")
@click.option("--guard-us", type=click.FloatRange(0, 1e9), default=0.0, help="Keep windows apart by so much.")
@click.option("--planners", is_flag=True, help="Give planners guaranteed time, and derive every release from it.")
@click.option("--emit", metavar="FORMAT", help="Say the answer for Linux: sched-deadline or rt-app.")
@click.option("--time-limit", type=click.FloatRange(0.001, 86_400), metavar="SECONDS", help="Search for so long.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="For the search.")
def admit(
    door: Door,
    machine: str,
    manifests: tuple[str, ...],
    policy: str,
    cores: tuple[str, ...],
    guard_us: float,
    planners: bool,
    emit: str | None,
    time_limit: float | None,
    seed: int,
) -> Reply:
    """Tell whether the MANIFESTs fit on MACHINE, beside those that are admitted already.

    N is the number of dispatchers (1), NAME the application (the file's stem). A MANIFEST may be a task set of rt-app.
    """
    from api.task_sets import check_format, emitted, read_task_sets
    from planner.controller import consider, submissions

    check_format(emit)
    with door.store() as store:
        knowledge = store.knowledge(machine)
        read, bound = read_task_sets(manifests, knowledge, read_manifest)
        decision = consider(
            knowledge,
            read,
            policy=_policy(policy),
            cores={**bound, **_fixed(cores)},
            guard_ns=round(guard_us * 1000),
            planner_reservation=planners or None,
            time_limit=time_limit,
            seed=seed,
        )
        if emit is None or not decision.admitted:
            return _reply(decision)
        known = [one.manifest for one in submissions(knowledge)]
        words = emitted(emit, decision, [*known, *read], knowledge)
    return Reply({**decision.to_json(), "emit": words}, lambda: str(words["text"]).rstrip("\n"))


@command("submit")
@click.argument("machine")
@click.argument("manifest", metavar="[NAME=]MANIFEST[:N]")
@click.option("--policy", default="refuse", metavar="POLICY", help=POLICY_HELP)
@click.option("--cores", metavar="LIST", help="Fix the application's cores, as 0-15.")
@click.option("--time-limit", type=click.FloatRange(0.001, 86_400), metavar="SECONDS", help="Search for so long.")
def submit(door: Door, machine: str, manifest: str, policy: str, cores: str | None, time_limit: float | None) -> Reply:
    """Admit a MANIFEST on MACHINE for good, and print its id."""
    from planner.controller import submit as admit_for_good

    read, text = read_manifest(manifest)
    fixed = _fixed((f"{read.name}={cores}",)) if cores else {}
    with door.store() as store:
        accepted, decision = admit_for_good(
            store.knowledge(machine),
            read,
            text=text,
            policy=_policy(policy),
            cores=fixed,
            time_limit=time_limit,
        )
    if accepted is None:
        return _reply(decision)
    document = {"id": accepted.id, **decision.to_json()}
    return Reply(document, lambda: f"{accepted.id}\n{decision_text(decision)}")


@command("manifests")
@click.argument("machine")
def manifests(door: Door, machine: str) -> Reply:
    """List the manifests that MACHINE has admitted."""
    from planner.controller import submissions

    with door.store() as store:
        known = submissions(store.knowledge(machine))
    document = {"machine": machine, "manifests": [one.to_json() for one in known]}
    return Reply(document, lambda: _manifests_text(document))


@command("withdraw")
@click.argument("machine")
@click.argument("number", type=int, metavar="ID")
def withdraw(door: Door, machine: str, number: int) -> Reply:
    """Take the manifest ID back; the others keep their cores and offsets."""
    from planner.controller import withdraw as take_back

    with door.store() as store:
        knowledge = store.knowledge(machine)
        gone = take_back(knowledge, number)
        document = {"withdrawn": gone.to_json(), "revision": knowledge.revision}
    return Reply(document, lambda: f"{gone.manifest.name} ({gone.id}) is withdrawn from {machine}")


@command("phase")
@click.argument("machine")
@click.argument("number", type=int, metavar="ID")
@click.argument("phase", type=int)
def phase(door: Door, machine: str, number: int, phase: int) -> Reply:
    """Let the application of manifest ID enter PHASE, and show the schedule that then holds."""
    from planner.controller import change_phase, consider

    with door.store() as store:
        knowledge = store.knowledge(machine)
        changed = change_phase(knowledge, number, phase)
        decision = consider(knowledge)
    running = decision.schedules[0]
    name = changed.manifest.name
    release = next((one for one in decision.releases if (one.application, one.phase) == (name, changed.phase)), None)
    document = {
        **changed.to_json(),
        "schedule": running.to_json(),
        "release": None if release is None else release.to_json(),
        "revision": decision.revision,
    }
    head = [
        f"{name} ({changed.id}) is in phase {changed.phase}",
        *([] if release is None else [_release_text(release)]),
    ]
    return Reply(document, lambda: "\n".join([*head, _schedule_text(running)]))


def read_manifest(word: str) -> tuple[Any, str]:
    """The manifest that `[NAME=]FILE[:N]` names, with its text."""
    from api.sources import read_text
    from planner.manifests.manifest import Manifest

    name, mark, rest = word.partition("=")
    path = rest if mark else word
    counted = None if Path(path).exists() else _COUNT.fullmatch(path)
    file = counted[1] if counted else path
    text = read_text(file, "the manifest")
    application = name if mark else Path(file).stem
    return Manifest.parse(text, name=application, dispatchers=int(counted[2]) if counted else None), text


def _policy(word: str) -> Any:
    """A policy by its name, or the rules of a file."""
    kind, mark, path = word.partition(":")
    if kind != "rules" or not mark:
        return word
    from api.sources import read_text
    from planner.overcommit.shares import Rules

    return Rules(read_text(path, "the policy"), path)


def _fixed(words: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    from planner.cpu_list import parse_cpu_list

    fixed = {}
    for word in words:
        name, mark, cores = word.partition("=")
        if not mark:
            raise click.UsageError(f"--cores {word!r} names no application; NAME=LIST is accepted")
        fixed[name] = parse_cpu_list(cores, f"the cores of {name}")
    return fixed


def _reply(decision: Any) -> Reply:
    if decision.admitted:
        return Reply(decision.to_json(), lambda: decision_text(decision))
    exit_code = 4 if decision.refusal.rule == "limit" else 1
    return Reply(decision.to_json(), lambda: decision_text(decision), exit_code)


def decision_text(decision: Any) -> str:
    """The schedule of each combination of phases, or the refusal with its causes."""
    if not decision.admitted:
        least = "each of them is needed for the conflict" if decision.refusal.minimal else "fewer may do"
        return f"refused: {decision.refusal.message} ({least})"
    shown = [_schedule_text(one) for one in decision.schedules[:_SHOWN_SCHEDULES]]
    left = len(decision.schedules) - len(shown)
    more = [f"... and {left} more combinations of phases (--json shows all)"] if left else []
    notes = [f"note: {note}" for note in decision.notes]
    notes += [_release_text(one) for one in decision.releases if one.derived_ns is not None]
    head = f"admitted: {len(decision.schedules)} combinations of phases, decided in {seconds(decision.seconds)}"
    return "\n\n".join([head, *shown, *more, *notes])


def _release_text(release: Any) -> str:
    """A release with the way that it was found."""
    head = f"release of {release.application} phase {release.phase}: {release.release_ns / 1e6:g} ms after the request"
    if release.derived_ns is None:
        return f"{head}, as the manifest states"
    way = "; ".join(
        f"core {hop.core} by {hop.by_ns / 1e6:g} ms "
        f"(link {hop.link_ns / 1e3:g} us, planner {hop.response_ns / 1e6:g} ms)"
        for hop in release.path
    )
    return f"{head}, derived: {way}"


def _schedule_text(schedule: Any) -> str:
    from planner.cpu_list import format_cpu_list

    groups: dict[tuple[Any, ...], list[int]] = {}
    for one in schedule.reservations:
        times = (one.wcet_ns, one.period_ns, one.deadline_ns, one.release_ns)
        promise = [None] * 4 if one.kind == "B" else [time / 1e6 for time in times]
        key = (one.application, one.kind, *promise, one.weight if one.kind == "B" else None)
        groups.setdefault(key, []).append(one.core)
    phases = ", ".join(f"{name} in phase {number}" for name, number in schedule.phases.items())
    headers = ["application", "kind", "WCET ms", "period ms", "deadline ms", "offset ms", "weight", "cores"]
    rows = [
        [*(f"{part:g}" if isinstance(part, float) else part for part in key), format_cpu_list(cores)]
        for key, cores in groups.items()
    ]
    return f"{phases or 'nothing is admitted'}\n{table(headers, rows) if rows else ''}".rstrip()


def _manifests_text(document: dict[str, Any]) -> str:
    from planner.cpu_list import format_cpu_list

    if not document["manifests"]:
        return f"{document['machine']} has admitted no manifest"
    rows = [
        [one["id"], one["application"], one["dispatchers"], one["phase"], one["phases"], format_cpu_list(one["cores"])]
        for one in document["manifests"]
    ]
    return table(["id", "application", "dispatchers", "phase", "of", "cores"], rows)
