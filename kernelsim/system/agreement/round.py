"""One round of agreement: a request goes out along a tree, every core does its part, one reply comes back."""

from collections.abc import Callable, Mapping

from kernelsim.errors import ScenarioError
from kernelsim.scenario import ORDERS
from kernelsim.system.speaker import Speaker

FORWARD_FIRST, WORK_FIRST, SERIAL = ORDERS

Sends = Mapping[int, tuple[int, ...]]
"""Each core's children in sending order."""


class Round:
    """One round under way over the cores of `speakers`; `work_ps[core]` is what a core's own part costs, `work(core)`
    what it is. `request` and `reply` name the messages in the trace.
    """

    def __init__(
        self,
        speakers: Mapping[int, Speaker],
        root: int,
        sends: Sends,
        *,
        request: str,
        reply: str,
        work_ps: Mapping[int, int],
        work: Callable[[int], None],
        order: str = FORWARD_FIRST,
    ) -> None:
        self._speakers = speakers
        self._root = root
        self._sends = sends
        self._request = request
        self._reply = reply
        self._work_ps = work_ps
        self._work = work
        self._order = order
        self._open = {core: len(sends.get(core, ())) + 1 for core in speakers}
        """Per core: the replies of its children, and its own part, still missing."""

    @property
    def messages(self) -> int:
        """How many it takes."""
        return 2 * sum(len(children) for children in self._sends.values())

    def begin(self, done: Callable[[], None]) -> None:
        """To be called as work of the root; `done` follows the last reply."""
        self._handle(self._root, done)

    def _handle(self, core: int, done: Callable[[], None]) -> None:
        """The request has come to `core`; `done` sends the reply."""
        if self._order == WORK_FIRST:
            self._do_own_part(core, done, then_forward=True)
        elif self._order == SERIAL:
            self._forward_one(core, 0, done)
            self._do_own_part(core, done)
        else:
            self._forward_all(core, done)
            self._do_own_part(core, done)

    def _do_own_part(self, core: int, done: Callable[[], None], *, then_forward: bool = False) -> None:
        def own_part() -> None:
            self._work(core)
            if then_forward:
                self._forward_all(core, done)
            self._one_more(core, done)

        self._speakers[core].then(self._work_ps[core], own_part)

    def _forward_all(self, core: int, done: Callable[[], None]) -> None:
        for child in self._sends.get(core, ()):
            self._forward(core, child, lambda: self._one_more(core, done))

    def _forward_one(self, core: int, place: int, done: Callable[[], None]) -> None:
        children = self._sends.get(core, ())
        if place < len(children):

            def replied() -> None:
                self._forward_one(core, place + 1, done)
                self._one_more(core, done)

            self._forward(core, children[place], replied)

    def _forward(self, core: int, child: int, replied: Callable[[], None]) -> None:
        source, target = self._speakers[core], self._speakers[child]

        def reply() -> None:
            target.send(source, self._reply, replied)

        source.send(target, self._request, lambda: self._handle(child, reply))

    def _one_more(self, core: int, done: Callable[[], None]) -> None:
        self._open[core] -= 1
        if self._open[core] == 0:
            done()


def check_cover(sends: Sends, root: int, cores: tuple[int, ...], asked_by: str) -> None:
    """Raise ScenarioError unless `sends` reaches each of `cores` but the root exactly once, by members only."""
    reached = sorted(child for children in sends.values() for child in children)
    wanted = sorted(core for core in cores if core != root)
    if reached != wanted or not set(sends) <= set(cores) or _connected(sends, root) != set(cores):
        raise ScenarioError(
            "bad_scenario",
            f"the tree for {asked_by} reaches cores {reached} from core {root}; "
            f"accepted: each of {wanted} once, by members only",
            application=asked_by,
        )


def _connected(sends: Sends, root: int) -> set[int]:
    found, open_ = {root}, [root]
    while open_:
        for child in sends.get(open_.pop(), ()):
            if child not in found:
                found.add(child)
                open_.append(child)
    return found
