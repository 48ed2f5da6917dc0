"""One application of each class beside the others: elastic, needing a little all the time, and answering in bursts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Make, Member, Team
from kernelsim.scenario import MILLISECOND_PS, Application, CpuBound, Programs, Reservation, Schedule


@dataclass(frozen=True, slots=True)
class ClassMix:
    """The three classes of applications (dissertation, section 3.1.3) on cores 0 to `cores` - 1.

    `elastic` applications compute on every core. Each of `players`, one a core, shows a frame that takes `frame_ps` in
    every `period_ps`. At each of `inputs_ps` after its beginning the user wants an answer of `answer_ps`, computed on
    all cores in equal parts, within `attention_ps`. With `guaranteed` the players and the answers have a share of
    their own, a quarter more than a frame, and a `share_percent` of each core; without, all are best effort.
    """

    cores: int
    inputs_ps: tuple[int, ...]
    elastic: int = 2
    players: int = 2
    frame_ps: int = 4 * MILLISECOND_PS
    period_ps: int = 20 * MILLISECOND_PS
    answer_ps: int = 24 * MILLISECOND_PS
    attention_ps: int = 50 * MILLISECOND_PS
    share_percent: int = 40
    guaranteed: bool = True


@dataclass(slots=True)
class Report:
    """What a run came to. An answer is there when the last of its parts is."""

    mix: ClassMix
    frames: int = 0
    late_frames: int = 0
    _parts: dict[int, list[int]] = field(default_factory=dict)

    @property
    def responses_ps(self) -> tuple[int, ...]:
        """Of the answers that are complete, in the order of their inputs."""
        wanted = self.mix.inputs_ps
        return tuple(
            max(ends) - wanted[number] for number, ends in sorted(self._parts.items()) if len(ends) == self.mix.cores
        )

    @property
    def late_answers(self) -> int:
        """Inputs that were not answered within the user's attention span, or not at all."""
        in_time = sum(response <= self.mix.attention_ps for response in self.responses_ps)
        return len(self.mix.inputs_ps) - in_time

    def ended(self, number: int, now_ps: int) -> None:
        """One part of an answer is done."""
        self._parts.setdefault(number, []).append(now_ps)


def class_mix(mix: ClassMix) -> tuple[tuple[Application, ...], tuple[Schedule, ...], Report]:
    """The applications, their guarantees for a scenario with synchronised timers, and what will be reported. All three
    are for one run.
    """
    report = Report(mix)
    cores = tuple(range(mix.cores))
    answering = Application("interactive", Programs(_answers(mix, report)), cores)
    players = tuple(
        Application(f"player{number}", Programs(_frames(mix, report)), (number % mix.cores,))
        for number in range(mix.players)
    )
    elastic = tuple(Application(f"elastic{number}", CpuBound(), cores) for number in range(mix.elastic))
    applications = (answering, *players, *elastic)
    if not mix.guaranteed:
        return applications, (), report
    phases = {one.name: 0 for one in applications}
    return applications, (Schedule(phases, _guarantees(mix, players)),), report


def _guarantees(mix: ClassMix, players: tuple[Application, ...]) -> Mapping[str, tuple[Reservation, ...]]:
    period, share = mix.period_ps, mix.period_ps * mix.share_percent // 100
    soft = Reservation(0, "S", wcet_ps=mix.frame_ps * 5 // 4, period_ps=period, deadline_ps=period)
    gang = tuple(
        Reservation(index, "G", wcet_ps=share, period_ps=period, deadline_ps=share) for index in range(mix.cores)
    )
    return {"interactive": gang, **{player.name: (soft,) for player in players}}


def _answers(mix: ClassMix, report: Report) -> Make:
    def make(team: Team) -> Body:
        begun: list[int] = []

        def body(me: Member) -> Program:
            begun.append(me.now_ps)
            for number, after_ps in enumerate(mix.inputs_ps):
                at_ps = begun[0] + after_ps
                while me.now_ps < at_ps:
                    yield me.give_way() if mix.guaranteed else me.sleep(at_ps - me.now_ps)
                yield me.compute_ps(mix.answer_ps // mix.cores)
                report.ended(number, me.now_ps - begun[0])
                me.count()

        return body

    return make


def _frames(mix: ClassMix, report: Report) -> Make:
    """With a share of its own it yields after each frame, for real-time tasks do not block."""

    def make(team: Team) -> Body:
        def body(me: Member) -> Program:
            wanted_ps = me.now_ps
            while True:
                yield me.compute_ps(mix.frame_ps)
                wanted_ps += mix.period_ps
                report.frames += 1
                report.late_frames += me.now_ps > wanted_ps
                me.count()
                if mix.guaranteed:
                    yield me.give_way()
                elif me.now_ps < wanted_ps:
                    yield me.sleep(wanted_ps - me.now_ps)

        return body

    return make
