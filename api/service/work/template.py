"""The process that workers are forked from: it has loaded what they need, and has never done any work.

`python -m api.service.work.template FD`: FD is a socket to the service. `fork` with two descriptors (the worker's line
and its error stream) is answered with a process id, `wait PID` with how that process ended.
"""

import ctypes
import os
import resource
import signal
import socket
import struct
import sys
from importlib import import_module
from multiprocessing.connection import Connection

NUMBER = struct.Struct("!q")
ROOMS = (
    "api.bindings",
    "api.service.work.worker",
    "experiments.runs.simulation",
    "experiments.batches.sweep",
    "ortools.sat.python.cp_model",
    "planner.controller",
    "planner.placement",
    "planner.trees.tree",
    "skb.asking",
    "skb.evaluation.extent",
    "skb.finite.ask",
    "skb.solving.pairs.completion",
)
FORK, WAIT = b"F", b"W"
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def main() -> None:
    """Serve until the service is gone; the workers then go at once, too."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    control = socket.socket(fileno=int(sys.argv[1]))
    _load_rooms()
    while True:
        said, descriptors, _, _ = socket.recv_fds(control, 1 + NUMBER.size, 2)
        if not said:
            os._exit(0)
        if said[:1] == FORK:
            control.sendall(NUMBER.pack(_fork(control, descriptors)))
        else:
            (pid,) = NUMBER.unpack(said[1:])
            control.sendall(NUMBER.pack(os.waitpid(pid, 0)[1]))


def _fork(control: socket.socket, descriptors: list[int]) -> int:
    template = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become_worker(control, template, *descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _become_worker(control: socket.socket, template: int, line: int, errors: int) -> None:
    from api.service.work.worker import serve

    code = 1
    try:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() == template:
            control.close()
            os.dup2(errors, 1)
            os.dup2(errors, 2)
            os.close(errors)
            serve(Connection(line))
            code = 0
    finally:
        os._exit(code)


def _load_rooms() -> None:
    """Imported once here, shared by all workers: loading them takes a second, forking some milliseconds."""
    for name in ROOMS:
        import_module(name)


if __name__ == "__main__":
    main()
