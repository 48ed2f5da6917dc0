"""Placement asked as a query: threads on distinct cores, some of one L3, the least sum of two-way latencies."""

import time
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import median

from bench.machines import SMALL, machine_facts
from bench.prolog import MISSING, is_installed, run_prolog
from skb.asking import ask
from skb.query.answer import Answer, Limits
from skb.snapshot import Snapshot

SEEDS = range(31, 41)


@dataclass(frozen=True, slots=True)
class Instance:
    """`threads` on the first `cores` of the small machine, the first `sharing` of them on one L3."""

    name: str
    threads: int
    sharing: int
    cores: int
    limit_s: float


# M's goal is "no slower than clpfd", which was measured to take 0.2 s.
INSTANCES = (Instance("S", 4, 2, 12, 0.1), Instance("M", 6, 3, 24, 0.2), Instance("L", 8, 4, 48, 20.0))

_CONFLICT = (
    "[T1,T2,T3] :: l3(C,_)/C, distinct @ all_different([T1,T2,T3]), low @ (T1 #< 2, T2 #< 2), top @ T3 #< 2,"
    " pin @ T1 #>= 0, spare @ T2 #=< 5, satisfy([T1,T2,T3])"
)


def placements() -> str:
    """S and M on ten seeds beside clpfd; wall seconds, since the solver has threads of its own."""
    return "\n".join(_compared(instance) for instance in INSTANCES[:2])


def large_placements() -> str:
    """L on ten seeds, to be proved optimal (clpfd was measured to give no answer in 100 s)."""
    return _compared(INSTANCES[2])


def conflict() -> str:
    """An infeasible question with five named constraints: a verified minimal conflict."""
    snapshot = _snapshot(SEEDS[0])
    seconds = []
    for _ in range(5):
        answer, elapsed = _asked(snapshot, _CONFLICT, _rules(INSTANCES[0]))
        assert answer.status == "infeasible"
        assert answer.minimal
        seconds.append(elapsed)
    middle = median(seconds)
    shown = f"minimal conflict of 5 named constraints: {', '.join(answer.conflict)}"
    return f"{shown}  {middle:.3f} s  goal < 0.2 s: {'reached' if middle < 0.2 else 'not reached'}"


def _compared(instance: Instance) -> str:
    _asked(_snapshot(SEEDS[0]), _goal(INSTANCES[0]), _rules(INSTANCES[0]))  # the solver's own start is not counted
    mine, theirs = [], []
    for seed in SEEDS:
        answer, seconds = _asked(_snapshot(seed), _goal(instance), _rules(instance))
        mine.append(seconds if answer.status == "optimal" else float("inf"))
        if instance.name != "L" and is_installed():
            found = run_prolog(machine_facts(SMALL, seed), _clpfd(instance), {"place": ("[Cost]", "place(Cost)")}, 3)
            assert found["place"].rows == ((answer.objective,),), f"seed {seed}: the optima differ"
            theirs.append(median(found["place"].milliseconds) / 1000)
    start = f"placement {instance.name}, seeds {SEEDS[0]}..{SEEDS[-1]}"
    shown = f"{start}: median {median(mine):.3f} s, worst {max(mine):.3f} s"
    verdict = f"  goal < {instance.limit_s} s each: {'reached' if max(mine) < instance.limit_s else 'not reached'}"
    if instance.name == "L":
        return shown + ", all proved" * (max(mine) < float("inf")) + verdict
    return shown + (f"  clpfd median {median(theirs):.3f} s, optima equal" if theirs else f"  {MISSING}") + verdict


def _snapshot(seed: int) -> Snapshot:
    return Snapshot.of_facts((name, args, "static", "") for name, args in machine_facts(SMALL, seed))


def _asked(snapshot: Snapshot, goal: str, rules: str) -> tuple[Answer, float]:
    begin = time.perf_counter()
    answer = ask(snapshot, goal, rules=rules, limits=Limits(time_ms=120_000))
    return answer, time.perf_counter() - begin


def _rules(instance: Instance) -> str:
    return (
        f"l3(C,G) :- cache(G,C,3,_), C < {instance.cores}. "
        "two_way(A,B,V) :- message_rtt(A,B,X,_,_,_), message_rtt(B,A,Y,_,_,_),"
        f" A < {instance.cores}, B < {instance.cores}, V is X + Y."
    )


def _goal(instance: Instance) -> str:
    threads = [f"T{at}" for at in range(instance.threads)]
    shared = [f"l3({thread},G)" for thread in threads[: instance.sharing]]
    costs = [f"two_way({a},{b},V{a}{b})" for a, b in combinations(threads, 2)]
    total = " + ".join(f"V{a}{b}" for a, b in combinations(threads, 2))
    listed = ",".join(threads)
    goals = [f"[{listed}] :: l3(C,_)/C", f"all_different([{listed}])", *shared, *costs]
    return f"{', '.join(goals)}, Cost #= {total}, minimize(Cost)"


def _clpfd(instance: Instance) -> str:
    """tuples_in, order symmetry broken, first fail, branch and bound: the best that was found for clpfd."""
    threads = [f"T{at}" for at in range(instance.threads)]
    costs = [f"V{a}{b}" for a, b in combinations(threads, 2)]
    tuples = ",".join(f"[{a},{b},V{a}{b}]" for a, b in combinations(threads, 2))
    ordered = [f"{a} #< {b}" for a, b in pairwise(threads) if b != threads[instance.sharing]]
    groups = ",".join(f"[{thread},G]" for thread in threads[: instance.sharing])
    goals = [
        f"findall([A,B,V], two_way(A,B,V), Rows), findall([C,G0], l3(C,G0), Places), Ts = [{','.join(threads)}]",
        f"Ts ins 0..{instance.cores - 1}, all_different(Ts)",
        f"tuples_in([{tuples}], Rows), tuples_in([{groups}], Places)",
        *ordered,
        f"Cost #= {' + '.join(costs)}",
        "once(labeling([ff, min(Cost)], Ts))",
    ]
    return f":- use_module(library(clpfd)).\n{_rules(instance)}\nplace(Cost) :- {', '.join(goals)}.\n"
