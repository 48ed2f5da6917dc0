"""Gang admission: which manifests can be scheduled together, on which cores, with which offsets."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from planner.admission.allocating.allocation import Allocation, Question
from planner.admission.allocating.first_fit import allocate_first_fit
from planner.admission.allocating.pattern_solver import has_patterns
from planner.admission.allocating.search import search
from planner.admission.allocating.solver import WORK_LIMIT, Impossible
from planner.admission.asked import make_question, reserved_part
from planner.admission.best_effort import seat_best_effort
from planner.admission.fixed_cores import fix_cores
from planner.admission.refusal import explain
from planner.admission.requests import MOST_HARD_PPM
from planner.admission.reservations import Decision, Refusal
from planner.admission.schedules import MOST_COMBINATIONS, make_schedules
from planner.errors import PlanError
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest, check_unique_names
from planner.overcommit.reduction import reduce_to_fit
from planner.overcommit.remedies import with_remedies
from planner.overcommit.shares import EQUAL, Rules
from planner.release.handling import Sends
from planner.release.reserve import Planners, reserve_planners, state_releases
from planner.release.slots import MONITOR, SHARE_PPM
from planner.verify.schedule import check_decision, check_promises

POLICIES = ("refuse", "reduce")
EXPLANATION_WORK = 0.5
"""CP-SAT's deterministic seconds for each of the many questions that find a refusal's causes."""


def admit(
    manifests: Sequence[Manifest],
    machine: Topology,
    *,
    cores: Mapping[str, Sequence[int]] | None = None,
    keep: Mapping[str, Sequence[int | None]] | None = None,
    policy: str | Rules = "refuse",
    guard_ns: int = 0,
    seed: int = 0,
    standing: Decision | None = None,
    running: Mapping[str, int] | None = None,
    most_combinations: int = MOST_COMBINATIONS,
    planner_reservation: bool | None = None,
    trees: Mapping[str, Sends] | None = None,
    time_limit: float | None = None,
) -> Decision:
    """Schedule all manifests together or say why not.

    Where they do not fit, policy `reduce` cuts every WCET by one factor until they do; `Rules` say who keeps what.

    `cores` fixes an application's cores in the order of its dispatchers, `keep` those that are not None. `standing`
    is the decision that runs already: its applications keep cores and offsets; `running` says in which phase each
    is, 0 if left out, and that combination's schedule comes first. `guard_ns` keeps windows of one core apart by a
    clock error.
    `planner_reservation` gives the planner of every core that is used guaranteed time of its own, within the nine
    tenths, and derives releases from it; left out, it does where a manifest leaves a release to be derived. `trees`
    are the ways by which applications' phase changes travel, each core's children; the first core tells all others
    itself where there is none.
    The answer is the same for the same arguments unless `time_limit` (seconds) ends the search.

    Raises PlanError for cores that do not exist, may not be used or are too few for a fixed application, for
    two manifests of one name and for an unknown policy.
    """
    started = time.perf_counter()
    check_unique_names(manifests)
    _check(policy, guard_ns)
    fixed = fix_cores(manifests, machine, cores or {}, standing)
    deadline = None if time_limit is None else started + time_limit

    with_planners = _wants_planners(manifests, planner_reservation)
    most_ppm = MOST_HARD_PPM - (SHARE_PPM if with_planners else 0)

    def question(asked: Sequence[Manifest]) -> Question:
        return replace(make_question(asked, machine, fixed, keep or {}, standing, guard_ns), most_ppm=most_ppm)

    manifests, answer, reductions = _settle(manifests, question, policy, seed, deadline, running or {})
    decision = Decision(False, (), {}, None, (), machine.revision)
    if isinstance(answer, Allocation):
        answer = seat_best_effort(question(manifests), answer, machine.measured_load_ppm)
        planners = _planners(with_planners, manifests, answer, machine, guard_ns, trees or {})
        if isinstance(planners, Planners):
            decision = _decision(manifests, answer, planners, running or {}, most_combinations)
            check_decision(decision.schedules, guard_ns=guard_ns, planners=decision.planners)
            check_promises(decision.promises, guard_ns=guard_ns, planners=decision.planners)
            decision = replace(decision, reductions=reductions, revision=machine.revision)
        else:
            answer = planners
    refusal = answer if isinstance(answer, Refusal) else None
    return replace(decision, refusal=refusal, seconds=time.perf_counter() - started)


def _wants_planners(manifests: Sequence[Manifest], asked: bool | None) -> bool:
    wanted = any(manifest.derives_releases for manifest in manifests)
    if wanted and asked is False:
        raise PlanError(
            "a release is to be derived, and planners were asked to have no guaranteed time; "
            "a release in milliseconds, or planners with a reservation, are accepted",
            code="no_planner_reservation",
        )
    taken = [manifest.name for manifest in manifests if manifest.name == MONITOR]
    if taken and (wanted or asked):
        raise PlanError(
            f"an application is named {MONITOR!r}, as whom planners have their reservations; another name is accepted",
            code="duplicate_application",
            details={"application": MONITOR},
        )
    return wanted if asked is None else asked


def _planners(
    wanted: bool,
    manifests: Sequence[Manifest],
    allocation: Allocation,
    machine: Topology,
    guard_ns: int,
    trees: Mapping[str, Sends],
) -> Planners | Refusal:
    if not wanted:
        return Planners((), state_releases(manifests))
    return reserve_planners(manifests, allocation, machine, guard_ns, trees)


def _decision(
    manifests: Sequence[Manifest],
    allocation: Allocation,
    planners: Planners,
    running: Mapping[str, int],
    most_combinations: int,
) -> Decision:
    delays = {(one.application, one.phase): one.release_ns for one in planners.releases if one.derived_ns is not None}
    schedules, notes, promises = make_schedules(manifests, allocation, running, most_combinations, delays)
    return Decision(
        True,
        schedules,
        notes=notes,
        planners=planners.reservations,
        releases=planners.releases,
        promises=promises,
    )


def _settle(
    manifests: Sequence[Manifest],
    question: Callable[[Sequence[Manifest]], Question],
    policy: str | Rules,
    seed: int,
    deadline: float | None,
    running: Mapping[str, int],
) -> tuple[Sequence[Manifest], Allocation | Refusal, Mapping[str, int]]:
    """The manifests as they were admitted or refused, with the parts that a reduction left of them."""

    def quick(asked: Sequence[Manifest]) -> Allocation | None:
        return allocate_first_fit(reserved_part(question(asked)))

    def thorough(asked: Sequence[Manifest], work_limit: float = EXPLANATION_WORK) -> Allocation | None:
        found = search(reserved_part(question(asked)), seed, deadline, work_limit)
        return found if isinstance(found, Allocation) else None

    def try_well(asked: Sequence[Manifest]) -> Allocation | None:
        """The model where it is quick: windows on cores that are alike."""
        return thorough(asked) if has_patterns(reserved_part(question(asked))) else quick(asked)

    answer = _decide(question(manifests), seed, deadline)
    if isinstance(answer, Allocation):
        return manifests, answer, {}
    if policy != "refuse":
        shares = EQUAL if isinstance(policy, str) else policy.shares(manifests, running)
        settled = reduce_to_fit(manifests, lambda asked: thorough(asked, WORK_LIMIT), shares)
        if settled is not None:
            return settled
    return manifests, with_remedies(answer, manifests, quick, try_well), {}


def _check(policy: str | Rules, guard_ns: int) -> None:
    if isinstance(policy, str) and policy not in POLICIES:
        raise PlanError(
            f"policy {policy!r} is unknown; {' or '.join(POLICIES)}, or rules, are accepted",
            code="unknown_policy",
            details={"found": policy, "accepted": list(POLICIES)},
        )
    if guard_ns < 0:
        raise PlanError(
            f"the guard is {guard_ns} ns; 0 or more is accepted", code="bad_guard", details={"found": guard_ns}
        )


def _decide(question: Question, seed: int, deadline: float | None) -> Allocation | Refusal:
    def solve(asked: Question, work_limit: float = EXPLANATION_WORK) -> Allocation | Impossible:
        return search(asked, seed, deadline, work_limit)

    reserved = reserved_part(question)
    answer = solve(reserved, WORK_LIMIT)
    return explain(reserved, answer, solve) if isinstance(answer, Impossible) else answer
