"""SimSo on the tasks of its input: `python simso_run.py FOLDER CORES SECONDS`; prints the CPU seconds of its run."""

import sys
import time
from typing import Any


def main() -> None:
    """Read the tasks, run the model, print."""
    folder, cores, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sys.path.insert(0, folder)
    model = _model([tuple(map(int, line.split())) for line in sys.stdin], cores, seconds)
    begin = time.process_time()
    model.run_model()
    print(time.process_time() - begin)


def _model(tasks: list[tuple[int, ...]], cores: int, seconds: int) -> Any:
    from simso.configuration import Configuration
    from simso.core import Model, Scheduler
    from simso.core.Scheduler import SchedulerInfo
    from simso.utils import PartitionedScheduler

    class EarliestDeadline(Scheduler):
        def init(self) -> None:
            self.ready: list[Any] = []

        def on_activate(self, job: Any) -> None:
            self.ready.append(job)
            job.cpu.resched()

        def on_terminated(self, job: Any) -> None:
            self.ready.remove(job)
            job.cpu.resched()

        def schedule(self, cpu: Any) -> tuple[Any, Any]:
            return min(self.ready, key=lambda job: job.absolute_deadline, default=None), cpu

    class AsGiven(PartitionedScheduler):
        def init(self) -> None:
            PartitionedScheduler.init(self, SchedulerInfo(clas=EarliestDeadline))

        def packer(self) -> bool:
            for (core, _, _), task in zip(tasks, self.task_list, strict=True):
                self.affect_task_to_processor(task, self.processors[core])
            return True

    configuration = Configuration()
    configuration.duration = seconds * 1000 * configuration.cycles_per_ms
    for number, (_, period_ms, wcet_ps) in enumerate(tasks):
        configuration.add_task(
            name=f"task{number}", identifier=number, period=period_ms, activation_date=0, wcet=wcet_ps / 1e9,
            deadline=period_ms,
        )  # fmt: skip
    for core in range(cores):
        configuration.add_processor(name=f"core{core}", identifier=core)
    configuration.scheduler_info.clas = AsGiven
    configuration.check_all()
    return Model(configuration)


if __name__ == "__main__":
    main()
