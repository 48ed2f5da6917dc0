"""LU of section 4.1.4 on the five machines: the transports of Barrelfish and of the native systems, and the runs."""

from dataclasses import dataclass
from functools import cache

from experiments.reproduce.hardware.platform import platform
from experiments.reproduce.scc.cloud import cloud
from kernelsim import Application, Machine, Programs, Scenario, run
from kernelsim.applications.wavefront import Cost, Solver, Transport, Wavefront, by_ump
from kernelsim.scc.chip import Chip, mesh
from kernelsim.scc.costs import READ_LINE, REGISTER, WRITE_LINE, Costs
from kernelsim.scc.receiving import by_notification, by_polling
from kernelsim.scc.ring import Ring
from planner.machine.latency import cycles_to_ps

ITERATIONS = 250
PRINTED_S = {"C": 119.75, "Fortran": 90.01}
PRINTED_HZ = 2_500_000_000
SCC_FACTOR = 5.5
"""Cycles of a P54C for one of an Opteron: in order, without a cache that allocates on writes."""
SCC_BYTES = 28
"""Payload of a message: a line without the word that is polled."""
MPI_OVERHEAD_PS, MPI_LATENCY_PS, MPI_PS_PER_BYTE = 500_000, 1_000_000, 1000


@dataclass(frozen=True, slots=True)
class Setting:
    """One point: `system` is "barrelfish", "polling" (Barrelfish without its notification driver) or "native".

    The native version is the Fortran one on x86 and the C one on the SCC, unless `language` names one for all.
    """

    machine: str
    ranks: int
    system: str = "barrelfish"
    planes_at_once: int = 1
    language: str = ""


@cache
def completion_s(setting: Setting) -> float:
    """Seconds of all 250 iterations."""
    machine = platform(setting.machine).deployment.machine
    work = Wavefront(setting.ranks, _iteration_ps(setting, machine), at_once=setting.planes_at_once)
    solver = Solver(work, cache(_transport(setting, machine)))
    lu = Application("lu", Programs(solver.make), tuple(range(setting.ranks)))
    run(Scenario(machine, (lu,), 8 * work.iteration_ps))
    return round(ITERATIONS * solver.iteration_ps() / 1e12, 2)


def _iteration_ps(setting: Setting, machine: Machine) -> int:
    """The printed time of one core of the 4x4 machine, by clock."""
    is_scc = setting.machine == "scc"
    language = setting.language or ("Fortran" if setting.system == "native" and not is_scc else "C")
    cycles = PRINTED_S[language] * PRINTED_HZ * (SCC_FACTOR if is_scc else 1) / ITERATIONS
    return cycles_to_ps(round(cycles), machine.clock_hz[0])


def _transport(setting: Setting, machine: Machine) -> Transport:
    if setting.machine == "scc":
        chip = mesh()
        if setting.system == "native":
            return _rcce(chip)
        return _polled(chip, setting.ranks) if setting.system == "polling" else _notified(chip)
    return _mpi if setting.system == "native" else by_ump(machine)


def _mpi(source: int, target: int, size_bytes: int) -> Cost:
    """Through a buffer that both processes have: copied in, and copied out."""
    copy_ps = MPI_OVERHEAD_PS + size_bytes * MPI_PS_PER_BYTE
    return Cost(copy_ps, MPI_LATENCY_PS + copy_ps, copy_ps)


# -- the SCC ----------------------------------------------------------------------------------------------------


def _notified(chip: Chip) -> Transport:
    """Messages in shared memory, announced together by one interrupt."""

    def cost(source: int, target: int, size_bytes: int) -> Cost:
        count = -(-size_bytes // SCC_BYTES)
        found = by_notification(chip, _costs(), Ring(), target, source, source, together=count)
        send_ps = count * (_written_ps(chip, source) + found.sender_ps)
        return Cost(send_ps, send_ps + found.latency_ps - found.sender_ps, count * found.receiver_ps)

    return cost


def _polled(chip: Chip, ranks: int) -> Transport:
    """The receiver looks at the channels from all other ranks."""

    def cost(source: int, target: int, size_bytes: int) -> Cost:
        count = -(-size_bytes // SCC_BYTES)
        found = by_polling(chip, _costs(), target, tuple(rank for rank in range(ranks) if rank != target))
        send_ps = count * _written_ps(chip, source)
        return Cost(send_ps, send_ps, count * found.receiver_ps)

    return cost


def _costs() -> Costs:
    return cloud()[1]


def _written_ps(chip: Chip, source: int) -> int:
    costs = _costs()
    return costs.ps(costs.shared_write(chip.memory_hops(source, source)))


def _rcce(chip: Chip) -> Transport:
    """Lines through the sender's message passing buffer, read by the receiver, and a flag on each side."""

    def cost(source: int, target: int, size_bytes: int) -> Cost:
        costs, count, hops = _costs(), -(-size_bytes // 32), chip.hops(source, target)
        put = count * (costs.operation(WRITE_LINE, 0) + costs.private_read())
        get = count * (costs.operation(READ_LINE, hops) + costs.private_write())
        flag = costs.operation(REGISTER, hops)
        send_ps = costs.ps(put + flag)
        return Cost(send_ps, send_ps, costs.ps(get + flag))

    return cost
