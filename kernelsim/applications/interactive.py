"""Who is wanted at once: a player that shows a frame in every period, and an application that its user asks."""

from dataclasses import dataclass, field

from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Member, Team


@dataclass(slots=True)
class Frames:
    """Every thread shows a frame that takes `work_ps` in every `period_ps` and blocks until the next one is wanted, or
    with `wait="yield"`, as in real time it must, yields after each frame and is given its next period. A frame that is
    late does not move the next one. `shown` and `late` count the frames of a run, all threads together.
    """

    work_ps: int
    period_ps: int
    wait: str = "block"
    shown: int = 0
    late: int = 0

    def make(self, team: Team) -> Body:
        """The program of all threads."""
        self.shown = self.late = 0

        def body(me: Member) -> Program:
            wanted_ps = me.now_ps
            while True:
                yield me.compute_ps(self.work_ps)
                wanted_ps += self.period_ps
                self.shown += 1
                self.late += me.now_ps > wanted_ps
                me.count()
                if self.wait == "yield":
                    yield me.give_way()
                elif me.now_ps < wanted_ps:
                    yield me.sleep(wanted_ps - me.now_ps)

        return body


@dataclass(slots=True)
class Answers:
    """At each of `inputs_ps` after its beginning the user wants an answer of `work_ps`, computed by all `parts` threads
    in equal parts, within `attention_ps`. Until then they sleep, or with `wait="yield"` yield again and again.
    """

    inputs_ps: tuple[int, ...]
    work_ps: int
    parts: int
    attention_ps: int
    wait: str = "block"
    _ends: dict[int, list[int]] = field(default_factory=dict)

    @property
    def responses_ps(self) -> tuple[int, ...]:
        """Of the answers that are complete, in the order of their inputs."""
        return tuple(
            max(ends) - self.inputs_ps[number] for number, ends in sorted(self._ends.items()) if len(ends) == self.parts
        )

    @property
    def late(self) -> int:
        """Inputs that were not answered within the user's attention span, or not at all."""
        in_time = sum(response <= self.attention_ps for response in self.responses_ps)
        return len(self.inputs_ps) - in_time

    def make(self, team: Team) -> Body:
        """The program of all threads."""
        self._ends.clear()
        begun: list[int] = []

        def body(me: Member) -> Program:
            begun.append(me.now_ps)
            for number, after_ps in enumerate(self.inputs_ps):
                at_ps = begun[0] + after_ps
                while me.now_ps < at_ps:
                    yield me.give_way() if self.wait == "yield" else me.sleep(at_ps - me.now_ps)
                yield me.compute_ps(self.work_ps // self.parts)
                self._ends.setdefault(number, []).append(me.now_ps - begun[0])
                me.count()

        return body
