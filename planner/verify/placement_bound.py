"""Checks of lower bounds of placements: what a certificate claims is recomputed from the problem's matrices."""

from itertools import chain, combinations
from math import comb
from typing import Any

import numpy as np

from planner.placement.bounds.evidence import Evidence
from planner.placement.bounds.gilmore_lawler import CostBound
from planner.placement.bounds.trees.levels import LevelBound
from planner.placement.bounds.trees.subset_table import SubsetTables
from planner.verify.errors import ViolationError

NEARLY = 1e-7
"""Part of a bound that rounding may take."""

MOST_SETS = 100_000
"""Sets of one level that are gone through in an answer; with more the level is taken on trust and that is said."""


def check_evidence(problem: Any, evidence: Evidence, most_sets: int = MOST_SETS) -> bool:
    """Whether the whole bound follows from its certificate; ViolationError where some part of it does not.

    A search that tried everything has no certificate. Sets of facilities are gone through up to `most_sets` a level.
    """
    certificate = evidence.certificate
    if isinstance(certificate, CostBound):
        return _check_price_bound(problem, certificate, evidence.bound)
    flow, base = _without_common_flow(problem)
    if isinstance(certificate, SubsetTables):
        return _check_tree_bound(problem, flow, certificate, evidence.bound - base)
    if isinstance(certificate, LevelBound):
        return _check_level_bound(problem, flow, base, certificate, evidence.bound, most_sets)
    return False


def _without_common_flow(problem: Any) -> tuple[Any, float]:
    """Flow both ways without what all pairs share, and what that costs where every location is used."""
    flow = problem.flow * ~np.eye(problem.size, dtype=bool)
    if problem.size < problem.location_count or problem.size < 2:
        return flow + flow.T, 0.0
    common = min(float(flow[i, j]) for i in range(problem.size) for j in range(problem.size) if i != j)
    lengths = sum(float(problem.distance[a].sum() - problem.distance[a, a]) for a in range(problem.size))
    return flow + flow.T - 2.0 * common * ~np.eye(problem.size, dtype=bool), common * lengths


def _check_price_bound(problem: Any, certificate: Any, bound: float) -> bool:
    """Gilmore-Lawler: prices stay below what each facility pays at least at each location. Always recomputed whole."""
    flow, distance = problem.flow, problem.distance
    if certificate.by_receiver:
        flow, distance = flow.T, distance.T
    prices = certificate.certificate
    size, places = problem.linear.shape
    lengths = [np.sort(np.delete(distance[place], place))[: size - 1] for place in range(places)]
    slack = NEARLY * max(1.0, abs(bound))
    permitted = problem.permitted()
    for facility in range(size):
        flows = np.sort(np.delete(flow[facility], facility))[::-1]
        for place in np.flatnonzero(permitted[facility]):
            least = float(flows @ lengths[place]) + float(problem.linear[facility, place])
            if prices.row_prices[facility] + prices.column_prices[place] > least + slack:
                raise ViolationError(f"facility {facility} can be at {place} for {least}, its prices are higher")
    if size < places and max(prices.column_prices) > slack:
        raise ViolationError("a location that may stay empty has a price above 0")
    _compare(max(0.0, sum(prices.row_prices) + sum(prices.column_prices)), bound)
    return True


def _check_tree_bound(problem: Any, both: Any, certificate: Any, bound: float) -> bool:
    """Tables over a tree of clusters: no set is claimed to pay more than any way to part it."""
    _check_metric(problem, certificate.metric)
    size = problem.size
    codes = np.arange(1 << size)
    members = ((codes[:, None] >> np.arange(size)) & 1).astype(np.float64)
    crossing = (members @ both * (1.0 - members)).sum(axis=1)
    slack = NEARLY * max(1.0, abs(bound))
    way_out = dict(zip(certificate.metric.clusters, certificate.metric.lengths, strict=True))
    permitted = problem.permitted()
    for own, table in certificate.least.items():
        if len(own) == 1:
            paid = np.where(permitted[:, own[0]], problem.linear[:, own[0]], np.inf)
            if (table[1 << np.arange(size)] > paid + slack).any() or (size < problem.location_count and table[0] > 0.0):
                raise ViolationError(f"at location {own[0]} a facility pays less than the table says")
            continue
        first, second = _parts(own, certificate.least)
        one = certificate.least[first] + way_out[first] * crossing
        other = certificate.least[second] + way_out[second] * crossing
        _check_partings(own, table, one, other, members.sum(axis=1), problem.location_count, slack)
    _compare(float(certificate.least[max(certificate.least, key=lambda own: len(own))][-1]), bound)
    return True


def _parts(own: tuple[int, ...], known: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    for cut in range(1, len(own)):
        if own[:cut] in known and own[cut:] in known:
            return own[:cut], own[cut:]
    raise ViolationError(f"cluster {own} has no parts in the tables")


def _check_partings(own: Any, table: Any, one: Any, other: Any, counts: Any, places: int, slack: float) -> None:
    """Every part of every set that fits inside, as the others do outside; parts in falling order of their codes."""
    size = int(counts[-1])
    for count in range(max(0, size - (places - len(own))), min(len(own), size) + 1):
        whole = np.flatnonzero(counts == count)
        whole = whole[table[whole] > -np.inf]
        part = whole.copy()
        if count == size:
            part = np.arange(1 << size)
            whole = np.full(1 << size, (1 << size) - 1)
        while True:
            _check_parting(own, table[whole], one[part] + other[whole - part], slack)
            if count == size or not part.any():
                break
            part = (part - 1) & whole


def _check_parting(own: Any, claimed: Any, paid: Any, slack: float) -> None:
    fits = np.isfinite(paid)
    if (claimed[fits] > paid[fits] + slack).any():
        raise ViolationError(f"in cluster {own} a set can be parted for less than the table says")


def _check_level_bound(problem: Any, both: Any, base: float, certificate: Any, bound: float, most_sets: int) -> bool:
    """Floors of flow between clusters, level by level; whether every floor was recomputed."""
    metric = certificate.metric
    _check_metric(problem, metric)
    count = problem.location_count
    flow = np.zeros((count, count))
    flow[: problem.size, : problem.size] = both
    slack = NEARLY * max(1.0, abs(bound))
    _check_own_ways(problem, certificate, flow.sum(axis=1), slack)
    is_whole, total = True, base + sum(certificate.own.row_prices) + sum(certificate.own.column_prices)
    claimed = {level.size: level for level in certificate.levels}
    for size in {len(own) for own in metric.clusters if len(own) > 1}:
        lengths = {length for own, length in zip(metric.clusters, metric.lengths, strict=True) if len(own) == size}
        number = sum(len(own) == size for own in metric.clusters)
        level = claimed.get(size)
        if min(lengths) < 0.0 or (level is None and max(lengths) > 0.0):
            raise ViolationError(f"clusters of {size} have a length below 0 or no floor")
        if level is None:
            continue
        if (level.count, {level.length}) != (number, lengths):
            raise ViolationError(f"the floor for clusters of {size} is not for these clusters")
        if size * number < count and max(level.prices) > slack:
            raise ViolationError(f"clusters of {size} leave locations out, whose price is above 0")
        is_whole &= _is_floor(flow, level, slack, most_sets)
        total += level.length * (number * level.floor + sum(level.prices))
    _compare(total, bound)
    return is_whole


def _check_own_ways(problem: Any, certificate: Any, degree: Any, slack: float) -> None:
    way = {
        own[0]: length
        for own, length in zip(certificate.metric.clusters, certificate.metric.lengths, strict=True)
        if len(own) == 1
    }
    permitted = problem.permitted()
    for facility in range(problem.location_count):
        for place in range(problem.location_count):
            paid = degree[facility] * way[place]
            if facility < problem.size:
                if not permitted[facility, place]:
                    continue
                paid += problem.linear[facility, place]
            if certificate.own.row_prices[facility] + certificate.own.column_prices[place] > paid + slack:
                raise ViolationError(f"facility {facility} can be at {place} for {paid}, its prices are higher")


def _is_floor(flow: Any, level: Any, slack: float, most_sets: int) -> bool:
    prices = np.array(level.prices)
    count = len(flow)
    if level.is_spectral:
        laplacian = np.diag(flow.sum(axis=1)) - flow - np.diag(prices)
        floor = level.size * float(np.linalg.eigvalsh(laplacian)[: level.count].sum()) / level.count
    elif level.floor <= 0.0 and max(level.prices) <= 0.0:
        return True
    elif comb(count, level.size) > most_sets:
        return False
    else:
        listed = np.fromiter(chain.from_iterable(combinations(range(count), level.size)), dtype=np.int64)
        sets = listed.reshape(-1, level.size)
        inner = sum(flow[sets[:, a], sets[:, b]] for a in range(level.size) for b in range(level.size))
        floor = float((flow.sum(axis=1)[sets].sum(axis=1) - inner - prices[sets].sum(axis=1)).min())
    if level.floor > floor + slack / max(level.length * level.count, 1e-300):
        raise ViolationError(f"the floor for clusters of {level.size} is {floor}, {level.floor} was claimed")
    return True


def _check_metric(problem: Any, metric: Any) -> None:
    """No two locations are further apart along the tree than in either direction of the problem."""
    count = len(problem.distance)
    along = np.zeros((count, count))
    for own, length in zip(metric.clusters, metric.lengths, strict=True):
        inside = np.isin(np.arange(count), own)
        along[np.ix_(inside, ~inside)] += length
        along[np.ix_(~inside, inside)] += length
    apart = ~np.eye(count, dtype=bool)
    excess = float((along - np.minimum(problem.distance, problem.distance.T))[apart].max(initial=0.0))
    if excess > NEARLY * max(float(problem.distance.max(initial=0.0)), 1e-300):
        raise ViolationError(f"along the tree two locations are {excess} further apart than they are")


def _compare(recomputed: float, bound: float) -> None:
    if abs(recomputed - bound) > NEARLY * max(1.0, abs(bound)):
        raise ViolationError(f"the certificate gives a bound of {recomputed}, {bound} was claimed")
