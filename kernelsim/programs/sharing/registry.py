"""A replicated registry under way: what a write costs, how long replicas are stale, and what each scheme promises."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from kernelsim.engine import Engine
from kernelsim.machine.hardware import Machine
from kernelsim.messages.mesh import Mesh
from kernelsim.programs.sharing.replication import Content, Letters, Registry, Write
from kernelsim.system.speaker import Poller
from kernelsim.trace import Trace

_FOR_EVER_PS = 10**15


@dataclass(frozen=True, slots=True)
class Answer:
    """A write's: whether it was accepted, and when it was made and answered. `stale_ps` is how long after its answer
    some replica would still have answered a read without it.
    """

    write: Write
    is_accepted: bool
    begun_ps: int
    ended_ps: int
    stale_ps: int


@dataclass(frozen=True, slots=True)
class RegistryRun:
    """`logs` and `holders` are the replicas' at the end, by core, `messages` how many were sent."""

    answers: tuple[Answer, ...]
    logs: dict[int, tuple[Write, ...]]
    holders: dict[int, dict[int, int]]
    messages: int

    def latency_ps(self) -> int:
        """A write's, in the mean."""
        return sum(answer.ended_ps - answer.begun_ps for answer in self.answers) // len(self.answers)

    def stale_ps(self) -> int:
        """The longest that a read could miss a write that had been answered."""
        return max(answer.stale_ps for answer in self.answers)


def run_registry(
    machine: Machine,
    scheme: Callable[[int, tuple[int, ...], int], Registry],
    cores: Sequence[int],
    writes: Sequence[tuple[int, int, int | None]],
    *,
    work_ps: int = 100_000,
) -> RegistryRun:
    """Carry out `writes`, each `(time_ps, core, name)`, on cores that do nothing else; `work_ps` is what a replica
    needs for each write and each letter. Without a name the core leaves the group.
    """
    return _Run(machine, scheme, tuple(cores), writes, work_ps).outcome()


class _Run:
    def __init__(
        self,
        machine: Machine,
        scheme: Callable[[int, tuple[int, ...], int], Registry],
        cores: tuple[int, ...],
        writes: Sequence[tuple[int, int, int | None]],
        work_ps: int,
    ) -> None:
        names = 1 + max((name for _, _, name in writes if name is not None), default=0)
        self._engine = Engine()
        self._mesh = Mesh(machine, Trace())
        self._pollers = {core: Poller(core, self._engine, machine, self._mesh) for core in cores}
        self._replicas = {core: scheme(core, cores, names) for core in cores}
        self._work_ps = work_ps
        self._begun_ps: dict[Write, int] = {}
        self._ended_ps: dict[Write, int] = {}
        self._seen_ps: dict[tuple[int, Write], int] = {}
        for number, (time_ps, core, name) in enumerate(writes):
            self._engine.at(time_ps, partial(self._make, Write(core, number, name)))

    def outcome(self) -> RegistryRun:
        """Until nothing happens any more."""
        self._engine.run(_FOR_EVER_PS)
        answers = tuple(self._answer(write) for write in sorted(self._ended_ps, key=lambda write: write.number))
        return RegistryRun(
            answers,
            {core: tuple(replica.log) for core, replica in self._replicas.items()},
            {core: dict(replica.holders) for core, replica in self._replicas.items()},
            self._mesh.sent,
        )

    def _answer(self, write: Write) -> Answer:
        ended_ps = self._ended_ps[write]
        seen = [self._seen_ps.get((core, write), ended_ps) for core in self._replicas]
        is_accepted = self._replicas[write.core].answers[write]
        return Answer(write, is_accepted, self._begun_ps[write], ended_ps, max(0, max(seen) - ended_ps))

    def _make(self, write: Write) -> None:
        self._begun_ps[write] = self._engine.now
        replica = self._replicas[write.core]
        self._pollers[write.core].post(self._work_ps, lambda: self._send(write.core, replica.write(write)))

    def _send(self, core: int, letters: Letters) -> None:
        self._note(core)
        for target, content in letters:
            receive = partial(self._receive, core, target, content)
            self._pollers[core].send(self._pollers[target], type(content).__name__, receive)

    def _receive(self, source: int, core: int, content: Content) -> None:
        replica = self._replicas[core]
        self._pollers[core].post(self._work_ps, lambda: self._send(core, replica.receive(source, content)))

    def _note(self, core: int) -> None:
        """What has come out of the last step."""
        now, replica = self._engine.now, self._replicas[core]
        for write in (*replica.log, *sorted(replica.covered, key=lambda write: write.number)):
            self._seen_ps.setdefault((core, write), now)
        for write in replica.answers:
            self._ended_ps.setdefault(write, now)


# -- what is promised ----------------------------------------------------------------------------------------------


def is_one_copy(run: RegistryRun) -> bool:
    """Whether every name was promised to one core, to which all replicas give it; and to the first, where one had its
    answer before another asked.
    """
    winners: dict[int | None, list[Answer]] = {}
    for answer in run.answers:
        winners.setdefault(answer.write.name, []).append(answer)
    for name, answers in winners.items():
        accepted = [answer for answer in answers if answer.is_accepted]
        if len(accepted) != 1 or {holders.get(name or 0) for holders in run.holders.values()} != {
            accepted[0].write.core
        }:
            return False
        if any(answer.ended_ps < accepted[0].begun_ps and not answer.is_accepted for answer in answers):
            return False
    return True


def is_one_order(run: RegistryRun) -> bool:
    """Whether each replica has applied a beginning of one and the same sequence."""
    longest = max(run.logs.values(), key=len)
    return all(log == longest[: len(log)] for log in run.logs.values())


def is_same_in_each_view(run: RegistryRun) -> bool:
    """Whether all that have stayed have applied the same, in one order, and who has left the same up to then."""
    left = {write.core for log in run.logs.values() for write in log if write.name is None}
    stayed = {log for core, log in run.logs.items() if core not in left}
    ends = all(log and log[-1] == next(w for w in log if w.name is None and w.core == core)
               for core, log in run.logs.items() if core in left)  # fmt: skip
    return len(stayed) == 1 and ends and is_one_order(run)


def is_converged(run: RegistryRun) -> bool:
    """Whether all replicas are equal once nothing is on its way."""
    return len({tuple(sorted(holders.items())) for holders in run.holders.values()}) == 1


def broken_promises(run: RegistryRun) -> int:
    """How many were told that a name is theirs which is not."""
    final = next(iter(run.holders.values()))
    return sum(answer.is_accepted and final.get(answer.write.name or 0) != answer.write.core for answer in run.answers)
