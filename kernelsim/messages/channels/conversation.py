"""A typed channel end for programs: messages by name, over any link, waited for by polling, then by notification."""

from collections import deque

from kernelsim.engine import Engine
from kernelsim.errors import ScenarioError
from kernelsim.messages.channels.links import Side
from kernelsim.messages.channels.waking import News, Notifier
from kernelsim.messages.spinning import SpinRule
from kernelsim.messages.typed.encoding import Value
from kernelsim.messages.typed.interface import Interface
from kernelsim.messages.typed.marshalling import Assembly, Typed, split
from kernelsim.programs.requests import Program, Steps, Wait
from kernelsim.programs.team import Member


class TypedEnd:
    """What one thread holds of a bound channel. `send`, `receive` and `call` are generators for `yield from`.

    While it waits for room, what comes is kept, so that two sides that send to each other do not wait for ever. Errors
    are raised in the program: ScenarioError for values that do not fit, from another core than that of the end, and
    where another thread waits at it.
    """

    def __init__(self, engine: Engine, interface: Interface, side: Side, rule: SpinRule, notifier: Notifier) -> None:
        self.interface = interface
        self.side = side
        self._engine = engine
        self._rule = rule
        self._notifier = notifier
        self._assembly = Assembly(interface, side.wire)
        self._seen: deque[tuple[int, ...]] = deque()

    def send(self, me: Member, name: str, **values: Value) -> Program:
        """Send a message from `me`; ends when its last part is on its way."""
        self._check(me)
        for words in split(self.interface, Typed(name, values), self.side.wire):
            while not self._has_room():
                yield from self._wait(me)
            yield me.compute_ps(self.side.sending_ps())
            self.side.send(words)

    def receive(self, me: Member) -> Steps[Typed]:
        """The next message, waited for."""
        self._check(me)
        while True:
            words = self._next()
            if words is None:
                yield from self._wait(me)
                continue
            yield me.compute_ps(self.side.receiving_ps())
            message = self._assembly.receive(words)
            if message is not None:
                return message

    def call(self, me: Member, name: str, **values: Value) -> Steps[Typed]:
        """Send, and wait for the next message: on one core a switch to the peer, and one back with its answer."""
        yield from self.send(me, name, **values)
        return (yield from self.receive(me))

    def _has_room(self) -> bool:
        if self.side.can_send():
            return True
        words = self.side.poll()
        while words is not None:
            self._seen.append(words)
            words = self.side.poll()
        return self.side.can_send()

    def _check(self, me: Member) -> None:
        if me.core != self.side.core:
            raise ScenarioError(
                "wrong_core",
                f"a thread on core {me.core} uses a channel end of core {self.side.core}; accepted: a thread there",
                core=me.core,
            )

    def _next(self) -> tuple[int, ...] | None:
        return self._seen.popleft() if self._seen else self.side.poll()

    def _wait(self, me: Member) -> Program:
        if self.side.on_seen is not None:
            raise ScenarioError(
                "end_in_use", "another thread waits at this channel end; accepted: one thread at a time", core=me.core
            )
        news = News(self._engine, self._notifier, self.side.look_ps)
        begun_ps = me.now_ps

        def seen() -> None:
            self.side.on_seen = None
            self._rule.waited(me.now_ps - begun_ps)
            news.raise_from(self.side.core)

        self.side.on_seen = seen
        yield Wait(news, self._rule.window_ps(), "block")
