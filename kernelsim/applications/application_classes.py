"""One application of each class beside the others: elastic, needing a little all the time, and answering in bursts."""

from collections.abc import Mapping
from dataclasses import dataclass

from kernelsim.applications.interactive import Answers, Frames
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


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to."""

    answers: Answers
    players: tuple[Frames, ...]

    @property
    def frames(self) -> int:
        """Of all players."""
        return sum(player.shown for player in self.players)

    @property
    def late_frames(self) -> int:
        """Those of them that were not done in their period."""
        return sum(player.late for player in self.players)

    @property
    def responses_ps(self) -> tuple[int, ...]:
        """Of the answers that are complete, in the order of their inputs."""
        return self.answers.responses_ps

    @property
    def late_answers(self) -> int:
        """Inputs that were not answered within the user's attention span, or not at all."""
        return self.answers.late


def class_mix(mix: ClassMix) -> tuple[tuple[Application, ...], tuple[Schedule, ...], Report]:
    """The applications, their guarantees for a scenario with synchronised timers, and what will be reported. All three
    are for one run.
    """
    wait, cores = "yield" if mix.guaranteed else "block", tuple(range(mix.cores))
    answers = Answers(mix.inputs_ps, mix.answer_ps, mix.cores, mix.attention_ps, wait)
    report = Report(answers, tuple(Frames(mix.frame_ps, mix.period_ps, wait) for _ in range(mix.players)))
    answering = Application("interactive", Programs(answers.make), cores)
    players = tuple(
        Application(f"player{number}", Programs(frames.make), (number % mix.cores,))
        for number, frames in enumerate(report.players)
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
