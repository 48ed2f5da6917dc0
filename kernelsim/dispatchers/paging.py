"""Self-paging: a dispatcher's library answers its own page faults, with frames that it holds.

The CPU driver only calls it; the library then asks for a mapping by a system call (dissertation, section 2.5.2).
"""

from dataclasses import dataclass, replace

PAGE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class SelfPager:
    """`table` is the slot of the page table, `frames` those of frames not used yet, `mapped` the pages with theirs."""

    table: int
    frames: tuple[int, ...]
    mapped: tuple[tuple[int, int], ...] = ()

    def answer(self, address: int) -> tuple["SelfPager", tuple[int, str, int, int] | None]:
        """What to invoke after a fault at `address`: slot, command, page and frame's slot; None without a frame left,
        or where the page is there, so that the thread itself has done wrong.
        """
        page = address // PAGE_BYTES
        if not self.frames or page in dict(self.mapped):
            return self, None
        frame, *left = self.frames
        pager = replace(self, frames=tuple(left), mapped=(*self.mapped, (page, frame)))
        return pager, (self.table, "map", page, frame)
