"""The nine queries of the knowledge base's own measurements, beside SWI-Prolog on the same machines."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from bench.machines import LARGE, SMALL, Shape, machine_facts
from bench.prolog import MISSING, Measured, is_installed, run_prolog
from skb.asking import ask
from skb.snapshot import Snapshot

SEED = 20
_RUNS = 5
_RULES = {
    "same_l3": "same_l3(A,B) :- cache(I,A,3,_), cache(I,B,3,_), A < B.",
    "near_dev": (
        "near_dev(Bus,Dev,C) :- device(Bus,Dev,_,_,_,_), childbus(Rc,Lo,Hi), Bus >= Lo, Bus =< Hi,"
        " rootcomplex_node(Rc,N), core(C,N)."
    ),
    "noshare": "noshare(A,B) :- core(A,_), core(B,_), A < B, \\+ (cache(I,A,3,_), cache(I,B,3,_)).",
    "least": "least(A,B,V) :- V = min(W : message_rtt(_,_,W,_,_,_)), message_rtt(A,B,V,_,_,_).",
    "reach": "reach(X,Y) :- mesh(X,Y). reach(X,Y) :- reach(X,Z), mesh(Z,Y).",
}
_PROLOG_RULES = {
    **_RULES,
    "least": "least(A,B,V) :- aggregate_all(min(W), message_rtt(_,_,W,_,_,_), V), message_rtt(A,B,V,_,_,_).",
    "reach": ":- table reach/2. " + _RULES["reach"],
    "first_ten": (
        "first_ten(V,A,B) :- findall(V-(A-B), message_rtt(A,B,V,_,_,_), L), sort(0, @=<, L, S),"
        " length(P, 10), append(P, _, S), !, member(V-(A-B), P)."
    ),
}


@dataclass(frozen=True, slots=True)
class Query:
    """A goal for each side; `least_ratio` is how much faster ours is to be, where SWI-Prolog takes over 1 ms.

    A point query takes at most 1 ms whatever the peer does.
    """

    name: str
    rule: str
    goal: str
    row: str
    prolog: str
    least_ratio: float = 1.0
    is_point: bool = False


QUERIES = (
    Query("same_l3", "same_l3", "same_l3(A,B)", "[A,B]", "same_l3(A,B)"),
    Query(
        "l3_peers",
        "",
        "cache(I,5,3,_), cache(I,B,3,_), B =\\= 5",
        "[I,B]",
        "cache(I,5,3,_), cache(I,B,3,_), B =\\= 5",
        is_point=True,
    ),
    Query("near_all_devices", "near_dev", "near_dev(B,D,C)", "[B,D,C]", "near_dev(B,D,C)"),
    Query("near_one_device", "near_dev", "near_dev(3,0,C)", "[C]", "near_dev(3,0,C)", is_point=True),
    Query("no_shared_l3", "noshare", "noshare(A,B)", "[A,B]", "noshare(A,B)"),
    Query("least_rtt", "least", "least(A,B,V)", "[A,B,V]", "least(A,B,V)"),
    Query("ten_least_rtt", "", "top(10, V, message_rtt(A,B,V,_,_,_))", "[V,A,B]", "first_ten(V,A,B)", 300),
    Query("reach_from_0", "reach", "reach(0,Y)", "[Y]", "reach(0,Y)", is_point=True),
    Query("reach_all", "reach", "reach(X,Y)", "[X,Y]", "reach(X,Y)", 2.5),
)


def queries_on_48_cores() -> str:
    """The nine queries on the small machine; the goals are those of the large one."""
    return compare(SMALL, SEED)


def queries_on_1024_cores() -> str:
    """The nine queries on the large machine, 1,047,552 latencies."""
    return compare(LARGE, SEED)


def compare(shape: Shape, seed: int) -> str:
    """A line for each query: medians of CPU milliseconds, the ratio, whether answers agree and goals are reached."""
    facts = machine_facts(shape, seed)
    snapshot = Snapshot.of_facts((name, args, "static", "") for name, args in facts)
    lines = [f"queries on {shape.cores} cores, seed {seed}: CPU ms, medians of {_RUNS} warm runs"]
    theirs: dict[str, Measured] = {}
    if is_installed():
        goals = {query.name: (query.row, query.prolog) for query in QUERIES}
        theirs = run_prolog(facts, "\n".join(_PROLOG_RULES.values()), goals, _RUNS)
    else:
        lines.append(f"  {MISSING}")
    for query in QUERIES:
        lines.append("  " + _line(query, _measured(snapshot, query), theirs.get(query.name), shape == LARGE))
    return "\n".join(lines)


def _measured(snapshot: Snapshot, query: Query) -> Measured:
    """One run to warm up, as on the other side; the answer is let go before the next run."""

    def run() -> tuple[tuple[int, ...], ...]:
        answer = ask(snapshot, query.goal, rules=_RULES.get(query.rule, ""))
        assert answer.status == "complete"
        return answer.rows  # type: ignore[return-value]

    rows = run()
    return Measured(tuple(_milliseconds(run) for _ in range(_RUNS)), rows)


def _milliseconds(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return (time.process_time() - begin) * 1000


def _line(query: Query, ours: Measured, theirs: Measured | None, has_goals: bool) -> str:
    mine = median(ours.milliseconds)
    start = f"{query.name:<18} {len(ours.rows):>8} rows  {mine:9.3f} ms"
    if theirs is None:
        return start
    swi = median(theirs.milliseconds)
    agrees = "equal" if list(ours.rows) == sorted(theirs.rows) else "DIFFERENT ANSWERS"
    return f"{start}  SWI {swi:9.3f} ms  {swi / mine:8.2f}x  {agrees}{_verdict(query, mine, swi) if has_goals else ''}"


def _verdict(query: Query, mine_ms: float, swi_ms: float) -> str:
    goals = [(f"at least {query.least_ratio:g}x", swi_ms >= query.least_ratio * mine_ms)] if swi_ms > 1 else []
    goals += [("at most 1 ms", mine_ms <= 1)] if query.is_point else []
    return "".join(f"  goal {goal}: {'reached' if is_reached else 'not reached'}" for goal, is_reached in goals)
