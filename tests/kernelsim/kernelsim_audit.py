"""Looks on while a multikernel runs: whose state is touched by whom, and what drivers do while they do something."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, NamedTuple

import pytest

from kernelsim.core.cpu_driver import CpuDriver
from kernelsim.core.dispatcher import Dispatcher
from kernelsim.core.schedulers.gang_turns import GangTurns
from kernelsim.core.schedulers.rbed import Rbed, Task
from kernelsim.core.schedulers.round_robin import RoundRobin
from kernelsim.system.monitor import Monitor
from kernelsim.system.planner import Planner

SCHEDULERS = (Rbed, RoundRobin, GangTurns)
NODE = (CpuDriver, Dispatcher, Monitor, Planner, Task, *SCHEDULERS)
"""What a node consists of. Channels, the engine and the trace belong to none."""
ADDRESSES = ("core", "__class__")
"""What anybody may know of a node: its name."""
OPERATIONS = ("wake", "sleep", "give_up", "call", "hand_back", "adopt", "follow", "self_yielded", "_look", "finish")


class Access(NamedTuple):
    """Code of core `by` touched `what` of core `of`."""

    by: int
    of: int
    what: str


@dataclass
class Audit:
    """`foreign` are accesses to another node's state, `nested` operations of a driver inside another of the same."""

    accesses: int = 0
    operations: int = 0
    foreign: set[Access] = field(default_factory=set)
    nested: set[tuple[str, str]] = field(default_factory=set)


@contextmanager
def audited(monkeypatch: pytest.MonkeyPatch) -> Iterator[Audit]:
    """Everything that runs inside is watched."""
    audit = Audit()
    owners: dict[int, tuple[object, int]] = {}

    def core_of(node: object) -> int | None:
        try:
            if isinstance(node, Planner):
                node = object.__getattribute__(node, "_driver")
            elif isinstance(node, Task):
                node = object.__getattribute__(node, "owner")
            elif isinstance(node, SCHEDULERS):
                return owners[id(node)][1]
            return object.__getattribute__(node, "core") if isinstance(node, NODE) else None
        except (AttributeError, KeyError):
            return None  # not yet booted

    def on_access(node: object, name: str) -> None:
        if name in ADDRESSES:
            return
        by = _executing(sys._getframe(2), core_of)
        of = core_of(node)
        if by is not None and of is not None:
            audit.accesses += 1
            if by != of:
                audit.foreign.add(Access(by, of, f"{type(node).__name__}.{name}"))

    def remember(driver: CpuDriver, scheduler: object) -> None:
        owners[id(scheduler)] = (scheduler, object.__getattribute__(driver, "core"))

    with monkeypatch.context() as patch:
        _watch_operations(patch, audit, remember)
        for cls in NODE:
            _watch_attributes(patch, cls, on_access)
        yield audit


def _executing(frame: FrameType | None, core_of: Callable[[object], int | None]) -> int | None:
    """The core of the innermost node object whose code is being carried out; None for an event of nobody."""
    while frame is not None:
        code = frame.f_code
        if "self" in code.co_varnames or "self" in code.co_freevars:
            owner = frame.f_locals.get("self")
            if isinstance(owner, NODE):
                core = core_of(owner)
                if core is not None:
                    return core
        frame = frame.f_back
    return None


def _watch_attributes(patch: pytest.MonkeyPatch, cls: type, on_access: Callable[[object, str], None]) -> None:
    def read(self: object, name: str) -> Any:
        on_access(self, name)
        return object.__getattribute__(self, name)

    def write(self: object, name: str, value: object) -> None:
        on_access(self, name)
        object.__setattr__(self, name, value)

    patch.setattr(cls, "__getattribute__", read)
    patch.setattr(cls, "__setattr__", write)


def _watch_operations(patch: pytest.MonkeyPatch, audit: Audit, remember: Callable[[CpuDriver, object], None]) -> None:
    under_way: dict[int, list[str]] = {}

    def watched(name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def carried_out(driver: CpuDriver, *arguments: Any, **options: Any) -> Any:
            core = object.__getattribute__(driver, "core")
            remember(driver, object.__getattribute__(driver, "scheduler"))
            audit.operations += 1
            stack = under_way.setdefault(core, [])
            audit.nested.update((outer, name) for outer in stack)
            stack.append(name)
            try:
                return operation(driver, *arguments, **options)
            finally:
                stack.pop()

        return carried_out

    for name in OPERATIONS:
        patch.setattr(CpuDriver, name, watched(name, getattr(CpuDriver, name)))
