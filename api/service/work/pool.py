"""At most so many workers at once, a bounded queue for them, and a way to call work off."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any, Generic, TypeVar

from api.failures import TimeIsUp
from api.service.work.caps import Caps, Cost
from api.service.work.failures import Busy, Cancelled, MemoryIsUp, WorkerDied
from api.service.work.nursery import Nursery
from api.service.work.orders import MachineAt, Order
from api.service.work.worker_process import Hear, WorkerProcess

Result = TypeVar("Result")

MOST_ORDERS = 500
LARGEST_IDLE_BYTES = 1024**3
RETRY_AFTER_S = 2


class Assignment(Generic[Result]):
    """One piece of work in the pool: a function that runs in a thread here and may ask a worker of its own.

    `outcome` is its result, or what it raised: Cancelled where it was called off before its worker had answered.
    """

    def __init__(
        self,
        work: "Callable[[Assignment[Result]], Result]",
        cost: Cost,
        take: Callable[[Sequence[MachineAt]], WorkerProcess],
        hear: Hear,
    ) -> None:
        self.cost = cost
        self.outcome: Future[Result] = Future()
        self.outcome.set_running_or_notify_cancel()
        self.has_started = False
        self.is_cancelled = False
        self._worker: WorkerProcess | None = None
        self._lock = Lock()
        self._work, self._take, self._hear = work, take, hear

    def ask(self, task: str, machines: Sequence[MachineAt] = (), **arguments: Any) -> Any:
        """What a task of `api.service.work.tasks` answers, within the cost of this assignment."""
        self.check()
        worker = self._worker or self._take(machines)
        with self._lock:
            self._worker = worker
        self.check()
        order = Order(task, arguments, tuple(machines), self.cost.memory_bytes)
        return worker.ask(order, self.cost.seconds, self._hear)

    def check(self) -> None:
        """Raises Cancelled where nobody wants the result any more."""
        if self.is_cancelled:
            raise Cancelled("the work was called off")

    def cancel(self) -> None:
        """Call it off; what its worker had answered already is carried to its end."""
        with self._lock:
            self.is_cancelled = True
            if self._worker is not None:
                self._worker.kill()

    def release(self) -> WorkerProcess | None:
        """Gives its worker back, which cancelling does not reach any more."""
        with self._lock:
            worker, self._worker = self._worker, None
        return worker

    def run(self) -> Result:
        try:
            return self._work(self)
        except WorkerDied:
            self.check()
            raise


class Pool:
    """Workers for assignments in the order given; `long` ones leave some for the others.

    A worker stays for the next assignment, with the machines that it has read. Safe for threads.
    """

    def __init__(self, caps: Caps, nursery: Nursery | None = None) -> None:
        """A `nursery` that is brought may serve several pools, and stays open."""
        self.workers, self.most_waiting = caps.workers, caps.waiting
        self._most_long = max(1, caps.workers - 2)
        self._nursery = nursery or Nursery()
        self._is_own = nursery is None
        self._lock = Lock()
        self._used = {False: 0, True: 0}
        self._waiting: dict[bool, deque[Assignment[Any]]] = {False: deque(), True: deque()}
        self._running: set[Assignment[Any]] = set()
        self._idle: list[WorkerProcess] = []
        self._is_closed = False
        self.ended = {"answered": 0, "refused": 0, "cancelled": 0, "time_limit": 0, "memory_limit": 0, "died": 0}

    def warm(self) -> None:
        """Let the rooms be loaded before the first request asks for a worker."""
        self._nursery.warm()

    def submit(
        self,
        work: Callable[[Assignment[Result]], Result],
        cost: Cost,
        *,
        is_long: bool = False,
        hear: Hear = lambda _: None,
    ) -> Assignment[Result]:
        """Start it as soon as it fits. Raises Busy where too many wait already."""
        made = Assignment(work, cost, self._take_worker, hear)
        with self._lock:
            if self._is_closed:
                raise Busy("the service is ending", details={"retry_after_s": RETRY_AFTER_S})
            self._waiting[is_long].append(made)
            self._start_what_fits()
            if not made.has_started and len(self._waiting[is_long]) > self.most_waiting:
                self._waiting[is_long].remove(made)
                raise Busy(
                    f"{self.workers} workers are at work and {self.most_waiting} requests wait for them; ask later",
                    details={"retry_after_s": RETRY_AFTER_S},
                )
        return made

    def cancel(self, assignment: Assignment[Any]) -> None:
        """Call an assignment off, whether it waits or runs."""
        with self._lock:
            queue = next((queue for queue in self._waiting.values() if assignment in queue), None)
            if queue is not None:
                queue.remove(assignment)
                self.ended["cancelled"] += 1
                self._start_what_fits()
        assignment.cancel()
        if queue is not None:
            assignment.outcome.set_exception(Cancelled("the work was called off"))

    def state(self) -> Mapping[str, int]:
        """Workers in use, idle processes, assignments that wait."""
        with self._lock:
            return {
                "used": sum(self._used.values()),
                "idle": len(self._idle),
                "running": len(self._running),
                "waiting": sum(map(len, self._waiting.values())),
            }

    def close(self) -> None:
        """Call everything off and end all processes."""
        with self._lock:
            self._is_closed = True
            given = [*self._running, *self._waiting[False], *self._waiting[True]]
            idle, self._idle = self._idle, []
        for assignment in given:
            self.cancel(assignment)
        for worker in idle:
            worker.end()
        deadline = time.monotonic() + 5
        while self.state()["running"] and time.monotonic() < deadline:
            time.sleep(0.005)
        if self._is_own:
            self._nursery.close()

    def _start_what_fits(self) -> None:
        for is_long, most in ((False, self.workers), (True, self._most_long)):
            waiting = self._waiting[is_long]
            while waiting:
                wanted = min(waiting[0].cost.workers, most)
                if sum(self._used.values()) + wanted > self.workers or (is_long and self._used[True] + wanted > most):
                    break
                assignment = waiting.popleft()
                assignment.has_started = True
                self._used[is_long] += wanted
                self._running.add(assignment)
                Thread(target=self._carry_out, args=(assignment, is_long, wanted), daemon=True).start()

    def _carry_out(self, assignment: Assignment[Any], is_long: bool, wanted: int) -> None:
        result, failure = None, None
        try:
            result = assignment.run()
        except BaseException as error:  # whoever waits for the outcome is told
            failure = error
        self._take_back(assignment.release())
        with self._lock:
            self._used[is_long] -= wanted
            self._running.discard(assignment)
            self.ended[_ending(failure)] += 1
            self._start_what_fits()
        if failure is not None:
            assignment.outcome.set_exception(failure)
        else:
            assignment.outcome.set_result(result)

    def _take_worker(self, machines: Sequence[MachineAt]) -> WorkerProcess:
        """An idle worker, rather one that has read these machines, else a new one."""
        while True:
            with self._lock:
                if not self._idle:
                    break
                found = max(self._idle, key=lambda worker: sum(map(worker.holds, machines)))
                self._idle.remove(found)
            if found.is_alive():
                return found
            found.end()
        try:
            return self._nursery.start()
        except OSError:
            return self._nursery.start()

    def _take_back(self, worker: WorkerProcess | None) -> None:
        if worker is None:
            return
        is_spent = worker.orders >= MOST_ORDERS or worker.resident_bytes() > LARGEST_IDLE_BYTES
        if worker.is_usable and not is_spent:
            with self._lock:
                if not self._is_closed:
                    self._idle.append(worker)
                    return
        worker.end()


def _ending(failure: BaseException | None) -> str:
    kinds = ((Cancelled, "cancelled"), (MemoryIsUp, "memory_limit"), (TimeIsUp, "time_limit"), (WorkerDied, "died"))
    if failure is None:
        return "answered"
    return next((name for kind, name in kinds if isinstance(failure, kind)), "refused")
