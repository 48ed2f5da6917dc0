"""What a running service holds: its store, its workers and jobs, who watches it, what it has answered."""

from dataclasses import dataclass, field
from uuid import uuid4

from api.service.idempotency import Remembered
from api.service.messages import WorkLimits
from api.service.metrics import Meter
from api.service.watchers import Watchers
from api.service.work.caps import Caps, Cost
from api.service.work.jobs import Jobs
from api.service.work.orders import MachineAt, machine_at
from api.service.work.pool import Pool
from skb.store.store import Store


@dataclass(frozen=True, slots=True)
class Holdings:
    """One for each application; `mark` tells its store from others of the same pool."""

    store: Store
    caps: Caps
    pool: Pool
    jobs: Jobs
    watchers: Watchers
    remembered: Remembered = field(default_factory=Remembered)
    meter: Meter = field(default_factory=Meter)
    mark: str = field(default_factory=lambda: uuid4().hex)

    def machine(self, name: str, revision: int | None = None) -> MachineAt:
        """A machine as a worker is told of it; at the newest revision unless one is named."""
        return machine_at(self.store, self.mark, name, self.store.revision if revision is None else revision)

    def cost(
        self, limits: WorkLimits, *, default_s: float | None = None, workers: int = 1, is_long: bool = False
    ) -> Cost:
        """What a request's work may cost, by default `default_s` and `workers` if the service allows as much.

        Raises BadRequest for more than the service allows.
        """
        most_s = self.caps.job_time_limit_s if is_long else self.caps.time_limit_s
        seconds = min(default_s or most_s, most_s) if limits.time_ms is None else limits.time_ms / 1000
        memory_bytes = limits.memory_bytes or self.caps.memory_bytes
        workers = limits.workers or min(workers, self.caps.workers)
        self.caps.allow("time_ms", limits.time_ms or 0, round(most_s * 1000))
        self.caps.allow("memory_bytes", memory_bytes, self.caps.memory_bytes)
        self.caps.allow("workers", workers, self.caps.workers)
        return Cost(seconds, memory_bytes, workers)
