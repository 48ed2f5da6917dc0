"""Barrelfish's scheduler simulator once more, tick by tick and word for word: slow, and sharing no code with ours.

Section numbers are those of the rules that `kernelsim.core.schedulers.rbed` and `kernelsim.schedsim` were written from.
"""

from dataclasses import dataclass

ONE, SLICE, BETA = 1_000_000, 80, 100_000


class OracleError(Exception):
    """A panic, or a call of `schedule` that never ends."""


@dataclass(eq=False)
class Job:
    hard: bool
    R: int = 0
    D: int = 0
    T: int = 0
    C: int = 0
    E: int = 0
    L: int = 0
    w: int = 0


class Core:
    """Sections 1 to 4."""

    def __init__(self) -> None:
        self.Q: list[Job] = []
        self.charged: Job | None = None
        self.current: Job | None = None

    @property
    def load(self) -> int:
        return sum(job.C * ONE // job.T for job in self.Q if job.hard)

    def insert(self, x: Job) -> None:
        for place, i in enumerate(self.Q):
            if not ((not x.hard and x.R >= i.R) or x.R + x.D >= i.R + i.D):
                self.Q.insert(place, x)
                return
        self.Q.append(x)

    def schedule(self, now: int) -> None:
        c = self.charged
        if c is not None and now >= c.R:
            c.E += now - max(c.L, c.R)
            c.L = now  # the reference moves L when it dispatches, which it does next or never
        for _ in range(10 * len(self.Q) + 10):
            x = next((job for job in self.Q if now >= job.R), None)
            if x is None:
                self.charged = self.current = None
                return
            if not x.hard:
                self.allocate(x, now)
            elif now > x.R + x.D:
                raise OracleError(f"Missed hard deadline: now = {now}, deadline = {x.R + x.D}")
            if x.E < x.C:
                x.L = now
                if not (self.charged is x and self.current in self.Q):
                    self.charged = self.current = x
                return
            self.Q.remove(x)
            if not x.hard:
                x.R = now
            elif now > x.R:
                x.R += x.T
            x.E = 0
            self.charged = None
            self.insert(x)
        raise OracleError("endless")

    def allocate(self, x: Job, now: int) -> None:
        best_effort = [job for job in self.Q if not job.hard]
        share = max(BETA, ONE - self.load) * x.w // sum(job.w for job in best_effort)
        x.D = x.T = len(best_effort) * SLICE
        x.C = (len(best_effort) * SLICE * share + ONE // 2) // ONE
        if now > x.R + x.D:
            x.R = now

    def make_runnable(self, x: Job, now: int) -> None:
        if x in self.Q:
            return
        if not x.hard:
            x.w = x.w or 1
            x.D = x.T = (sum(not job.hard for job in self.Q) + 1) * SLICE
            x.R = now
        load = self.load + (x.C * ONE // x.T if x.hard else 0)
        if load + BETA > ONE:
            raise OracleError(f"RBED scheduler overload (loaded {(load + BETA) // 10_000}%)!")
        if now > x.R:
            raise OracleError("Released in the past")
        x.E = 0
        self.insert(x)

    def give_up(self, x: Job, now: int) -> None:
        if x not in self.Q or now < x.R:
            return
        self.Q.remove(x)
        x.R = x.R + x.T if x.hard else now
        x.E = 0
        self.charged = None
        self.insert(x)


def oracle_chart(text: str, runtime: int) -> str:
    """Sections 5 and 6."""
    core = Core()
    jobs: list[Job] = []
    lines = [line.split() for line in text.splitlines() if line and line[0] != "#"]
    runs: list[list[bool]] = []
    releases: list[list[int]] = []
    for tick in range(runtime):
        while lines and int(lines[0][0]) == tick:
            _, operation, *words = lines.pop(0)
            apply(core, jobs, operation, [int(word) for word in words], tick)
            if operation != "c":
                core.schedule(tick)
        core.schedule(tick)
        runs.append([core.current is job for job in jobs])
        releases.append([job.R for job in jobs])
    return draw(jobs, runs, releases, runtime)


def apply(core: Core, jobs: list[Job], operation: str, numbers: list[int], tick: int) -> None:
    if operation == "H":
        budget, period = numbers[:2]
        jobs.append(Job(True, R=tick, C=budget, T=period, D=numbers[3] if len(numbers) > 3 else period))
        core.make_runnable(jobs[-1], tick)
    elif operation == "B":
        jobs.append(Job(False, w=numbers[0] % 65536))
        core.make_runnable(jobs[-1], tick)
    elif operation == "d":
        if jobs[numbers[0]] in core.Q:
            core.Q.remove(jobs[numbers[0]])
    elif operation == "r":
        job = jobs[numbers[0]]
        job.R = tick if job.hard else job.R
        core.make_runnable(job, tick)
    elif operation == "y":
        core.give_up(jobs[numbers[0]], tick)
    else:
        core.current = jobs[numbers[0]]


def draw(jobs: list[Job], runs: list[list[bool]], releases: list[list[int]], runtime: int) -> str:
    lines = []
    for every in (1000, 100, 10, 1):
        digits = (str(tick // every % 10) if tick % every == 0 else " " for tick in range(runtime))
        lines.append("     " + "".join(digits))
    for number, job in enumerate(jobs):
        row = "".join("#" if number < len(at) and at[number] else " " for at in runs)
        lines.append(f"{'h' if job.hard else 'b'}{number:2d}: {row}")
        marks = (at[number] if number < len(at) else 0 for at in releases)
        lines.append("     " + "".join("r" if release == tick else " " for tick, release in enumerate(marks)))
    return "".join(line + "\n" for line in lines)
