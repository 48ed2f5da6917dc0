"""How long a search may go on."""

import time
from dataclasses import dataclass


@dataclass(slots=True)
class Budget:
    """So many moves, or until a deadline (`time.perf_counter`), whichever is set."""

    iterations: int | None
    deadline: float | None
    used: int = 0

    @property
    def is_spent(self) -> bool:
        if self.iterations is not None and self.used >= self.iterations:
            return True
        return self.deadline is not None and time.perf_counter() >= self.deadline
