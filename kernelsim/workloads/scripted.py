"""A load that runs, yields and blocks at times given beforehand: the restless neighbour of a guarantee."""

from kernelsim.core.threads import UserThread
from kernelsim.engine import Engine
from kernelsim.errors import ScenarioError

ACTIONS = ("run", "yield", "block")


class ScriptedThread(UserThread):
    """Computes whenever it has the core; `script` is `(time_ps, action)` by time, counted from its core's
    start.

    `run` wakes it; `yield` and `block` are its own calls and so mean something only while it runs.
    """

    __slots__ = ("_engine", "_script")

    def __init__(self, engine: Engine, script: tuple[tuple[int, str], ...]) -> None:
        super().__init__()
        unknown = sorted({action for _, action in script} - set(ACTIONS))
        if unknown:
            raise ScenarioError("bad_scenario", f"a script asks for {unknown}; accepted: {', '.join(ACTIONS)}")
        self._engine = engine
        self._script = script
        self.blocked = True

    def begin(self, origin_ps: int) -> None:
        """Enter the whole script into the engine."""
        for time_ps, action in self._script:
            self._engine.at(origin_ps + time_ps, lambda action=action: self._act(action))  # type: ignore[misc]

    def start(self, now: int, runs_from: int) -> None:
        """Compute."""

    def stop(self, now: int) -> None:
        """Compute no more."""

    def _act(self, action: str) -> None:
        dispatcher = self.dispatcher
        if action == "run":
            dispatcher.wake_thread(self)
        elif dispatcher.runs and action == "yield":
            dispatcher.yield_thread(self)
        elif dispatcher.runs:
            dispatcher.block_thread(self)
