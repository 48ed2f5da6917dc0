"""Quick allocations again and again: whoever found no place goes first the next time (squeaky wheel)."""

from random import Random

from planner.admission.allocating.allocation import Allocation, Question, collect, hard_load_ppm
from planner.admission.requests import Request, Team
from planner.admission.schedulability.windows import Gap, gap_between

MOST_TRIES = 60

Placed = list[tuple[Request, int]]


def allocate_shuffled(question: Question, *, seed: int = 0, tries: int = MOST_TRIES) -> Allocation | None:
    """For questions without given cores or offsets, whose promises are all windows; None where no try succeeds.

    Cores that hold the same are looked at together. The first order is by period, short ones first: they leave the
    fewest offsets to others.
    """
    random = Random(f"shuffled fit {seed}")
    gaps = _gaps(question)
    order = sorted(question.teams, key=lambda team: (min(one.period_ns for one in team.windows), -team.count))
    for attempt in range(tries):
        failed = _Try(question, gaps, random, attempt).run(order)
        if isinstance(failed, Allocation):
            return failed
        order = [team for team in order if team is not failed]
        order.insert(random.randrange(1 + len(order) // 3), failed)
    return None


def _gaps(question: Question) -> dict[tuple[Request, Request], Gap]:
    windows = [window for team in question.teams for window in team.windows]
    return {(i, j): gap_between(i, j, question.guard_ns) for i in windows for j in windows if i.coexists(j)}


class _Try:
    """One pass over the teams. Cores that hold the same teams are one class: its cores, and what they hold."""

    def __init__(
        self, question: Question, gaps: dict[tuple[Request, Request], Gap], random: Random, attempt: int
    ) -> None:
        self._question = question
        self._gaps = gaps
        self._random = random
        self._packs = attempt % 2 == 0
        self._wanders = attempt > 1
        self._starts: dict[Request, int] = {}
        self._classes: list[tuple[list[int], list[Team]]] = [(list(question.cores), [])]

    def run(self, order: list[Team]) -> Allocation | Team:
        """The allocation, or the team that found no place."""
        for team in order:
            if not self._place(team):
                return team
        seats: dict[Team, list[int]] = {team: [] for team in self._question.teams}
        for cores, held in self._classes:
            for team in held:
                seats[team] += cores
        ordered = {team: tuple(sorted(own)) for team, own in seats.items()}
        found = collect(self._question, ordered, self._starts)
        assert isinstance(found, Allocation), "windows alone always have an allocation"
        return found

    def _place(self, team: Team) -> bool:
        fitting = [
            at for at, (_, held) in enumerate(self._classes) if hard_load_ppm([*held, team]) <= self._question.most_ppm
        ]
        for window in team.windows:
            chosen = self._choose(team, window, fitting)
            if chosen is None:
                return False
            fitting, self._starts[window] = chosen
        self._seat(team, fitting)
        return True

    def _choose(self, team: Team, window: Request, fitting: list[int]) -> tuple[list[int], int] | None:
        """The offset that leaves enough cores: the first, or any of them once tries wander."""
        enough: list[tuple[list[int], int]] = []
        for start_ns in self._offsets(window, fitting):
            left = [at for at in fitting if self._fits(window, start_ns, self._classes[at][1])]
            if sum(len(self._classes[at][0]) for at in left) >= team.count:
                enough.append((left, start_ns))
                if not self._wanders or len(enough) == 4:
                    break
        if not enough:
            return None
        return self._random.choice(enough) if self._wanders else enough[0]

    def _offsets(self, window: Request, fitting: list[int]) -> list[int]:
        guard_ns, period_ns = self._question.guard_ns, window.period_ns
        others = dict.fromkeys(one for at in fitting for team in self._classes[at][1] for one in team.windows)
        found = {0}
        for other in others:
            gap = self._gaps.get((other, window))
            if gap is None or gap.is_empty:
                continue
            for first_ns in (self._starts[other] + other.wcet_ns + guard_ns, self._starts[other] + gap.most_ns):
                turns = period_ns // gap.modulus_ns
                step = max(1, turns // 8)
                found |= {(first_ns + turn * gap.modulus_ns) % period_ns for turn in range(0, turns, step)}
        return sorted(found)

    def _fits(self, window: Request, start_ns: int, held: list[Team]) -> bool:
        if not self._question.ask_windows:
            return True
        return all(
            gap.admits(self._starts[other], start_ns)
            for team in held
            for other in team.windows
            if (gap := self._gaps.get((other, window))) is not None
        )

    def _seat(self, team: Team, fitting: list[int]) -> None:
        """On the fullest cores or the emptiest, by turns of the tries."""
        wanted = team.count
        by_load = sorted(fitting, key=lambda at: hard_load_ppm(self._classes[at][1]), reverse=self._packs)
        for at in by_load:
            cores, held = self._classes[at]
            taken, left = cores[:wanted], cores[wanted:]
            wanted -= len(taken)
            self._classes[at] = (left, held)
            self._classes.append((taken, [*held, team]))
            if not wanted:
                break
        self._classes = [(cores, held) for cores, held in self._classes if cores]
