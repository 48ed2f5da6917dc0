"""A desktop whose browser has pages of three kinds: asked for by its user, a video in real time, a script in a gang."""

from dataclasses import dataclass, field

from kernelsim.programs.requests import Program
from kernelsim.programs.synchronisation.barriers import CounterBarrier
from kernelsim.programs.team import Body, Member, Team
from kernelsim.scenario import MILLISECOND_PS, Application, CpuBound, Programs, Reservation, Schedule

BEST_EFFORT, GUARANTEED = 0, 1
PHASED = ("video", "script")
"""Pages of the browser whose manifests have two phases."""


@dataclass(frozen=True, slots=True)
class Frames:
    """A picture every `period_ps`, each `work_ps` of computing, on one core with `budget_ps` of guaranteed time."""

    core: int
    period_ps: int
    work_ps: int
    budget_ps: int
    offset_ps: int = 0


@dataclass(slots=True)
class BrowserDesktop:
    """On all `cores`: an index that takes what is left (elastic), a display (a picture at a time, always guaranteed),
    and a browser: pages that are asked for at `inputs_ps` and need `page_ps` of computing on every core (best effort),
    a video page, and a script page whose threads meet every `meet_ps`, a gang with `script_ps` of each
    `script_period_ps` while its phase is the guaranteed one (dissertation, sections 3.1.3 and 3.4.1).

    After a run, `late_frames[name]` counts the pictures that were not done by the end of their period, `responses_ps`
    are the times from an input until its page was computed on all cores. One run at a time.
    """

    cores: tuple[int, ...]
    display: Frames
    video: Frames
    inputs_ps: tuple[int, ...]
    page_ps: int = 200 * MILLISECOND_PS
    meet_ps: int = MILLISECOND_PS
    script_ps: int = 20 * MILLISECOND_PS
    script_period_ps: int = 80 * MILLISECOND_PS
    script_offset_ps: int = 0
    late_frames: dict[str, int] = field(default_factory=dict)
    responses_ps: list[int] = field(default_factory=list)

    def applications(self) -> tuple[Application, ...]:
        """Those above: index, display, pages, video, script."""
        return (
            Application("index", CpuBound(), self.cores),
            Application("display", Programs(lambda team: self._show(team, self.display)), (self.display.core,)),
            Application("pages", Programs(self._browse), self.cores),
            Application("video", Programs(lambda team: self._show(team, self.video)), (self.video.core,)),
            Application("script", Programs(self._script), self.cores),
        )

    def late_responses(self, limit_ps: int) -> int:
        """How many pages took longer."""
        return sum(response_ps > limit_ps for response_ps in self.responses_ps)

    def schedules(self) -> tuple[Schedule, ...]:
        """One for every combination of the phases of video and script; the display is guaranteed in all of them."""
        return tuple(
            Schedule({"display": 0, "video": video, "script": script}, self._reservations(video, script))
            for video in (BEST_EFFORT, GUARANTEED)
            for script in (BEST_EFFORT, GUARANTEED)
        )

    def _reservations(self, video: int, script: int) -> dict[str, tuple[Reservation, ...]]:
        members = range(len(self.cores))
        return {
            "display": (_guaranteed(self.display),),
            "video": (_guaranteed(self.video) if video else Reservation(0, "B", weight=1),),
            "script": tuple(
                Reservation(
                    index,
                    "H",
                    wcet_ps=self.script_ps,
                    period_ps=self.script_period_ps,
                    deadline_ps=self.script_ps,
                    offset_ps=self.script_offset_ps,
                )
                if script
                else Reservation(index, "B", weight=1)
                for index in members
            ),
        }

    # -- programs ----------------------------------------------------------------------------------------------

    def _show(self, team: Team, frames: Frames) -> Body:
        """One picture a period; who is late goes on at once. Who is in time gives the core back, and with guaranteed
        time has it again in the next period; else as often as that is too early.
        """
        self.late_frames[team.name] = 0

        def show(me: Member) -> Program:
            due_ps = me.now_ps + frames.period_ps
            while True:
                yield me.compute_ps(frames.work_ps)
                me.count()
                if me.now_ps > due_ps:
                    self.late_frames[team.name] += 1
                else:
                    yield me.give_way()
                while me.now_ps < due_ps - frames.period_ps + frames.budget_ps:
                    yield me.give_way()
                due_ps += frames.period_ps

        return show

    def _browse(self, team: Team) -> Body:
        """Each thread computes its part of every page; the last one to be done has the response."""
        self.responses_ps.clear()
        left = [team.size] * len(self.inputs_ps)
        start_ps = team.engine.now

        def browse(me: Member) -> Program:
            for page, input_ps in enumerate(self.inputs_ps):
                if start_ps + input_ps > me.now_ps:
                    yield me.sleep(start_ps + input_ps - me.now_ps)
                yield me.compute_ps(self.page_ps)
                left[page] -= 1
                if not left[page]:
                    self.responses_ps.append(me.now_ps - start_ps - input_ps)
                    me.count()

        return browse

    def _script(self, team: Team) -> Body:
        barrier = CounterBarrier(team, spin_ps=2 * self.meet_ps)

        def compute(me: Member) -> Program:
            while True:
                yield me.compute_ps(self.meet_ps)
                yield from barrier.wait(me)
                me.count()

        return compute


def _guaranteed(frames: Frames) -> Reservation:
    return Reservation(
        0,
        "H",
        wcet_ps=frames.budget_ps,
        period_ps=frames.period_ps,
        deadline_ps=frames.budget_ps,
        offset_ps=frames.offset_ps,
    )
