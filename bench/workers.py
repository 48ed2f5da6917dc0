"""What a child process adds to a request of the service: asked again and again, and forked for each question."""

from contextlib import closing
from time import perf_counter

import facts
from api.service.work.caps import MIB, Caps, Cost
from api.service.work.nursery import Nursery
from api.service.work.orders import MachineAt, machine_at
from api.service.work.pool import Pool
from bench.figure import Figure, measure
from skb.query.answer import Limits
from skb.store.store import Store

QUESTION = "core(0, P)"
COST = Cost(10, 1024 * MIB)
LIMITS = Limits(workers=1)


def worker_there() -> Figure:
    """A question of some 0.3 ms to a worker that is there (wall time)."""
    with Store("sqlite://") as store, closing(Pool(Caps())) as pool:
        machine = _machine(store)
        return measure("question to a worker that is there (wall)", lambda: _ask(pool, machine), 0.010, 100)


def worker_fresh() -> Figure:
    """The same question to a worker that is forked for it (wall time)."""
    with Store("sqlite://") as store, closing(Nursery()) as nursery:
        machine = _machine(store)

        def ask() -> float:
            with closing(Pool(Caps(), nursery)) as pool:
                return _ask(pool, machine)

        return measure("question to a worker forked for it (wall)", ask, 0.100, 20)


def _machine(store: Store) -> MachineAt:
    store.load(facts.read("amd-4x4"))
    return machine_at(store, "bench", "amd-4x4", store.revision)


def _ask(pool: Pool, machine: MachineAt) -> float:
    started = perf_counter()
    pool.submit(
        lambda assignment: assignment.ask("ask", [machine], goal=QUESTION, rules="", limits=LIMITS), COST
    ).outcome.result()
    return perf_counter() - started
