"""The tasks that workers carry out: (machines, tell, arguments) to JSON bytes, or to a value for the service."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from api.json_text import write_json
from planner.admission.reservations import Decision
from planner.applications.application import Application
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest
from skb.query.answer import Limits
from skb.snapshot import Snapshot

Machines: TypeAlias = Mapping[str, Snapshot]
Tell: TypeAlias = Callable[[Mapping[str, Any]], None]

LARGEST_ANSWER = 16 * 1024 * 1024


def ask(machines: Machines, tell: Tell, *, goal: str, rules: str, limits: Limits) -> bytes:
    """The answer to a question over one machine."""
    import skb.asking
    from skb.evaluation.extent import clipped

    (snapshot,) = machines.values()
    answer = skb.asking.ask(snapshot, goal, rules=rules, limits=limits)
    return _json(clipped(answer, LARGEST_ANSWER).to_json())


def place(machines: Machines, tell: Tell, *, app: Mapping[str, Any], emit: str | None = None, **asked: Any) -> bytes:
    """Cores for an application on one machine, said in a launcher's notation if asked; the rest for `planner.place`."""
    from api.bindings import emitted
    from planner.placement import place

    application, machine = Application.from_mapping(app, "app"), _topology(machines)
    placement = place(application, machine, **asked)
    if emit is None or not placement.seats:
        return _json(placement.to_json())
    return _json({**placement.to_json(), "emit": emitted(emit, placement, application, machine)})


def build_tree(
    machines: Machines,
    tell: Tell,
    *,
    root: int | str,
    members: Sequence[int] | None,
    cost: Mapping[str, Sequence[Sequence[float]]] | None,
    previous: Mapping[str, Sequence[int]] | None,
    **asked: Any,
) -> bytes:
    """A multicast tree on one machine, or over the matrices given; `asked` goes to `planner.multicast`."""
    from planner.trees.search.repair import sends_of
    from planner.trees.tree import multicast, multicast_matrix

    asked["previous"] = None if previous is None else sends_of(previous)
    if cost is not None:
        return _json(multicast_matrix(cost, root, members, **asked).to_json())
    return _json(multicast(_topology(machines), root, members, **asked).to_json())


def serve(machines: Machines, tell: Tell, *, name: str, **asked: Any) -> bytes:
    """What `planner.services` answers under this name."""
    import planner.services

    return _json(getattr(planner.services, name)(_topology(machines), **asked).to_json())


def consider(machines: Machines, tell: Tell, *, manifests: Sequence[Manifest], **asked: Any) -> Decision:
    """Whether manifests fit beside what one machine has admitted."""
    import planner.controller

    (snapshot,) = machines.values()
    return planner.controller.consider(snapshot, manifests, **asked)


def simulate(machines: Machines, tell: Tell, *, scenario: Mapping[str, Any]) -> bytes:
    """A run of a scenario; a refusal of its manifests is an answer."""
    from experiments.errors import NotAdmitted
    from experiments.runs.simulation import run_scenario

    try:
        return _json(run_scenario(scenario, knowledge=machines).to_json())
    except NotAdmitted as refused:
        refusal = refused.details.get("refusal")
        return _json({"admitted": False, "refusal": refusal, "message": refused.message})


def picture_run(machines: Machines, tell: Tell, *, text: str, most_bytes: int) -> bytes:
    """A run of a scenario's TOML text with its picture as SVG, None for one of more than `most_bytes`."""
    from experiments.charts.trace_pictures import draw_trace
    from experiments.runs.simulation import run_scenario

    result = run_scenario(text, knowledge=machines)
    picture = draw_trace(result, "svg")
    fits = len(picture.encode("utf-8")) <= most_bytes
    return _json({"answer": result.to_json(), "picture": picture if fits else None})


def run_batch(machines: Machines, tell: Tell, *, spec: Mapping[str, Any]) -> bytes:
    """The rows of a batch of runs, told as they come."""
    from experiments.batches.sweep import run_spec

    def tell_rows(done: int, total: int, rows: Sequence[Mapping[str, str]]) -> None:
        tell({"done": done, "total": total, "rows": rows})

    with TemporaryDirectory(prefix="skb-batch-") as folder:
        report = run_spec(spec, output=Path(folder) / "batch.csv", database=machines, on_rows=tell_rows)
    document = report.to_json()
    del document["output"]
    return _json(document)


TASKS: Mapping[str, Callable[..., Any]] = {
    "ask": ask,
    "place": place,
    "build_tree": build_tree,
    "place_driver": partial(serve, name="place_driver"),
    "place_memory": partial(serve, name="place_memory"),
    "choose_scheme": partial(serve, name="choose_scheme"),
    "consider": consider,
    "simulate": simulate,
    "picture_run": picture_run,
    "run_batch": run_batch,
}


def _topology(machines: Machines) -> Topology:
    (snapshot,) = machines.values()
    return _view(snapshot)


@lru_cache(maxsize=2)
def _view(snapshot: Snapshot) -> Topology:
    """Kept with the snapshot, which a worker holds for its next question: reading a million latencies takes seconds."""
    return Topology.of(snapshot)


def _json(document: Mapping[str, Any]) -> bytes:
    return write_json(document).encode("ascii")
