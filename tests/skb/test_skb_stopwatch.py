"""The seconds of an answer are the work: what a warm process has imported already does not count."""

import subprocess
import sys
from threading import Thread
from time import perf_counter, sleep

from skb.stopwatch import Stopwatch, importing

COLD = """
from time import perf_counter
import skb
from skb.stopwatch import Stopwatch

kb = skb.load("core(0,0). core(1,0).")
started, watch = perf_counter(), Stopwatch()
answer = kb.ask("[X,Y] :: core(C,_)/C, a @ X #> Y, b @ Y #> X, satisfy([X,Y])")
taken, work = perf_counter() - started, watch.seconds
assert answer.seconds <= work < taken, (answer.seconds, work, taken)
"""


def test_imports_stand_outside_of_the_time_however_they_nest() -> None:
    started, watch = perf_counter(), Stopwatch()
    with importing(), importing():
        sleep(0.02)
    seconds = watch.seconds
    assert perf_counter() - started - seconds >= 0.02


def test_a_stopwatch_read_from_another_thread_leaves_out_the_same() -> None:
    started, watch = perf_counter(), Stopwatch()
    with importing():
        sleep(0.02)
    read: list[float] = []
    other = Thread(target=lambda: read.append(perf_counter() - started - watch.seconds))
    other.start()
    other.join()
    assert read[0] >= 0.02


def test_the_first_question_for_a_solver_does_not_count_its_import() -> None:
    subprocess.run([sys.executable, "-c", COLD], check=True, timeout=60)
