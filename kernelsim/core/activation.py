"""The page of a dispatcher that its domain reads and its CPU driver writes: what it is given, what became of it."""

from dataclasses import dataclass


@dataclass(slots=True)
class Activation:
    """Updated before the Run entry point is called (dissertation, section 3.5.2).

    `allocated_ps` of every `period_ps` are its own; both are 0 while it is best effort. `missed` are deadlines of its
    jobs that have passed, `overruns` the further periods in which a soft job went on that was not done with its budget.
    `preempted_in_section` are the times that it lost its core in a critical section.
    `asked_back_ps` is until when the system wants the core: its threads should have ended or moved by then.
    """

    allocated_ps: int = 0
    period_ps: int = 0
    missed: int = 0
    overruns: int = 0
    preempted_in_section: int = 0
    asked_back_ps: int | None = None

    @property
    def share(self) -> float:
        """The part of its core that is its own."""
        return self.allocated_ps / self.period_ps if self.period_ps else 0.0
