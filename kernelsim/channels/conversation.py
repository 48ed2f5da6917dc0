"""A typed channel end for programs: messages by name, over any link, waited for by polling, then by notification."""

from collections import deque
from functools import partial

from kernelsim.channels.links import Side
from kernelsim.channels.waking import News, Notifier
from kernelsim.errors import ScenarioError
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

    def __init__(self, interface: Interface, side: Side, rule: SpinRule, notifier: Notifier) -> None:
        self.interface = interface
        self.side = side
        self.rule = rule
        self.notifier = notifier
        self._assembly = Assembly(interface, side.wire)
        self._seen: deque[tuple[int, ...]] = deque()

    def send(self, me: Member, name: str, **values: Value) -> Program:
        """Send a message from `me`; ends when its last part is on its way."""
        self._check(me)
        for words in split(self.interface, Typed(name, values), self.side.wire):
            while not self._has_room():
                yield from _wait(me, self)
            yield me.compute_ps(self.side.sending_ps())
            self.side.send(words)

    def receive(self, me: Member) -> Steps[Typed]:
        """The next message, waited for."""
        self._check(me)
        while True:
            words = self._next()
            if words is None:
                yield from _wait(me, self)
                continue
            yield me.compute_ps(self.side.receiving_ps())
            message = self._assembly.receive(words)
            if message is not None:
                return message

    def call(self, me: Member, name: str, **values: Value) -> Steps[Typed]:
        """Send, and wait for the next message: on one core a switch to the peer, and one back with its answer."""
        yield from self.send(me, name, **values)
        return (yield from self.receive(me))

    def has_part(self) -> bool:
        """Whether part of a message can be seen."""
        if not self._seen:
            words = self.side.poll()
            if words is not None:
                self._seen.append(words)
        return bool(self._seen)

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


def first_of(me: Member, *ends: TypedEnd) -> Steps[TypedEnd]:
    """The first of some ends at which part of a message can be seen, waited for: what a service of many clients does.

    It polls as the first end's setup says. Raises ScenarioError in the program without any end.
    """
    if not ends:
        raise ScenarioError("no_end", "a wait for the first of no channel ends; accepted: one or more", core=me.core)
    while True:
        for end in ends:
            if end.has_part():
                return end
        yield from _wait(me, *ends)


def _wait(me: Member, *ends: TypedEnd) -> Program:
    if any(end.side.on_seen is not None for end in ends):
        raise ScenarioError(
            "end_in_use", "another thread waits at this channel end; accepted: one thread at a time", core=me.core
        )
    first, begun_ps = ends[0], me.now_ps
    news = News(me.team.engine, first.notifier, first.side.look_ps)

    def seen(end: TypedEnd) -> None:
        for each in ends:
            each.side.on_seen = None
        first.rule.waited(me.now_ps - begun_ps)
        news.told_by(end.notifier, end.side.look_ps)
        news.raise_from(end.side.core)

    for end in ends:
        end.side.on_seen = partial(seen, end)
    yield Wait(news, first.rule.window_ps(), "block")
