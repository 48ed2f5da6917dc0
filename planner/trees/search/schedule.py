"""A multicast tree that can be changed core by core, with its heights and ready times kept up to date."""

from collections.abc import Sequence
from dataclasses import dataclass

from planner.trees.caps import Caps
from planner.trees.cost import MulticastCost


@dataclass(slots=True)
class Change:
    """What a move has touched: (core, its height, its children) before, and the two cores if it was a swap."""

    before: list[tuple[int, int, list[int]]]
    moved: tuple[int, int]
    is_swap: bool


class Schedule:
    """The height of a core is the time from when it is ready until all below it are; a root's is the completion.

    A change updates heights on the paths to the root alone and can be taken back; ready times follow when it is
    settled.
    """

    def __init__(self, cost: MulticastCost, parents: Sequence[int]) -> None:
        size = cost.size
        self._delay, self._busy = cost.delay_ps, cost.busy_ps
        self._flight: list[list[int]] = (cost.delay - cost.busy).tolist()
        self.parents = list(parents)
        self._children: list[list[int]] = [[] for _ in range(size)]
        for core, parent in enumerate(parents):
            if parent >= 0:
                self._children[parent].append(core)
        self._heights = [0] * size
        self._urgency = [0] * size
        self._ready = [0] * size
        order = [0]
        for core in order:
            order.extend(self._children[core])
        for core in reversed(order):
            self._heights[core] = self._ordered(core)
        for core in order:
            self._send(core)

    @property
    def completion_ps(self) -> int:
        return self._heights[0]

    def tree(self) -> dict[int, list[int]]:
        return {core: list(own) for core, own in enumerate(self._children) if own}

    def critical(self) -> list[int]:
        """The cores that the last one waits for: those above it and those that are sent to before them."""
        core, found = 0, []
        left_ps = self._heights[0]
        while self._children[core]:
            delay, busy = self._delay[core], self._busy[core]
            sent_ps = 0
            for child in self._children[core]:
                found.append(child)
                if sent_ps + delay[child] + self._heights[child] == left_ps:
                    break
                sent_ps += busy[child]
            core = found[-1]
            left_ps = self._heights[core]
        return found

    def height(self, core: int) -> int:
        return self._heights[core]

    def end_of(self, core: int) -> int:
        """When all below the core are done."""
        return self._ready[core] + self._heights[core]

    def end_with(self, parent: int, core: int) -> int:
        """When the parent's children would be done with this core among them, in their best order."""
        flight, delay, busy = self._flight[parent], self._delay[parent], self._busy[parent]
        heights = self._heights
        height = heights[core]
        urgency = flight[core] + height
        clock, latest = self._ready[parent], 0
        is_placed = False
        for child in self._children[parent]:
            if not is_placed and flight[child] + heights[child] < urgency:
                latest = max(latest, clock + delay[core] + height)
                clock += busy[core]
                is_placed = True
            end = clock + delay[child] + heights[child]
            if end > latest:
                latest = end
            clock += busy[child]
        return latest if is_placed else max(latest, clock + delay[core] + height)

    def end_of_place(self, core: int, other: int) -> int:
        """When all below the place of `core` would be done with `other` there; early where they are kin."""
        parent = self.parents[core]
        if parent == other or self.parents[other] == core:
            return 0
        ready = self._ready[core] - self._delay[parent][core] + self._delay[parent][other]
        delay, busy, heights = self._delay[other], self._busy[other], self._heights
        clock, latest = ready, ready
        for child in self._children[core]:
            end = clock + delay[child] + heights[child]
            if end > latest:
                latest = end
            clock += busy[child]
        return latest

    def is_below(self, core: int, above: int) -> bool:
        while core > 0 and core != above:
            core = self.parents[core]
        return core == above

    def has_room(self, parent: int, core: int, caps: Caps) -> bool:
        """Whether the core with all below it may stand under this parent."""
        if caps.fanout is not None and len(self._children[parent]) >= caps.fanout:
            return False
        return caps.depth is None or self._depth(parent) + 1 + self._levels(core) <= caps.depth

    def move(self, core: int, parent: int) -> Change:
        before: list[tuple[int, int, list[int]]] = []
        former = self.parents[core]
        for one in (former, parent):
            before.append((one, self._heights[one], self._children[one].copy()))
        self._children[former].remove(core)
        self._children[parent].append(core)
        self.parents[core] = parent
        self._rise(former, before)
        self._rise(parent, before)
        return Change(before, (core, former), False)

    def swap(self, core: int, other: int) -> Change:
        before: list[tuple[int, int, list[int]]] = []
        self._exchange(core, other)
        for one in (core, other, self.parents[core], self.parents[other]):
            self._rise(one, before)
        return Change(before, (core, other), True)

    def undo(self, change: Change) -> None:
        for core, height, children in reversed(change.before):
            self._heights[core], self._children[core] = height, children
        if change.is_swap:
            self._exchange(*change.moved)
        else:
            core, former = change.moved
            self.parents[core] = former

    def settle(self, change: Change) -> None:
        """Ready times after the change: below all cores that have other children now, or the same in another order."""
        changed = [core for core, _, children in change.before if self._children[core] != children]
        if change.is_swap:
            changed += [*change.moved, *(self.parents[core] for core in change.moved)]
        for core in changed:
            self._send(core)

    def _exchange(self, core: int, other: int) -> None:
        parents, children = self.parents, self._children
        if parents[other] == core:
            core, other = other, core
        above, beside = parents[core], parents[other]
        if above == other:
            children[other][children[other].index(core)] = other
            own = children[beside]
            own[own.index(other)] = core
        elif above == beside:
            own = children[above]
            at, there = own.index(core), own.index(other)
            own[at], own[there] = other, core
        else:
            own = children[above]
            own[own.index(core)] = other
            own = children[beside]
            own[own.index(other)] = core
        children[core], children[other] = children[other], children[core]
        self._heights[core], self._heights[other] = self._heights[other], self._heights[core]
        parents[core], parents[other] = beside, above
        for one in (core, other):
            for child in children[one]:
                parents[child] = one

    def _rise(self, core: int, before: list[tuple[int, int, list[int]]]) -> None:
        """Heights from this core up, as far as they change."""
        heights = self._heights
        while core >= 0:
            height = heights[core]
            before.append((core, height, self._children[core].copy()))
            heights[core] = self._ordered(core)
            if heights[core] == height:
                return
            core = self.parents[core]

    def _ordered(self, core: int) -> int:
        """The core's height, after its children are in the best order."""
        own = self._children[core]
        latest = 0
        if not own:
            return latest
        delay, busy, heights = self._delay[core], self._busy[core], self._heights
        if len(own) > 1:
            flight, urgency = self._flight[core], self._urgency
            for child in own:
                urgency[child] = flight[child] + heights[child]
            own.sort(key=urgency.__getitem__, reverse=True)
        clock = 0
        for child in own:
            end = clock + delay[child] + heights[child]
            if end > latest:
                latest = end
            clock += busy[child]
        return latest

    def _send(self, top: int) -> None:
        """Ready times of the core's children, and of all below a core whose own has changed."""
        waiting, ready = [top], self._ready
        while waiting:
            core = waiting.pop()
            delay, busy, clock = self._delay[core], self._busy[core], ready[core]
            for child in self._children[core]:
                arrival = clock + delay[child]
                if ready[child] != arrival:
                    ready[child] = arrival
                    waiting.append(child)
                clock += busy[child]

    def _depth(self, core: int) -> int:
        depth = 0
        while core > 0:
            core = self.parents[core]
            depth += 1
        return depth

    def _levels(self, core: int) -> int:
        return max((1 + self._levels(child) for child in self._children[core]), default=0)
