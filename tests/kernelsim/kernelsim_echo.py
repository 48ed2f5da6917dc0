"""A service that echoes, those who ask it, and the machine that they run on."""

from collections.abc import Callable
from dataclasses import replace

from kernelsim_machines import MS, machine

from kernelsim import Application, Outcome, Programs, Scenario, run
from kernelsim.channels.setup import ChannelSetup
from kernelsim.messages.typed.interface import read_interface
from kernelsim.naming.switchboard import switchboard
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Member, Team

CORES = replace(machine(8), context_switch_ps=0)


ECHO = read_interface(
    """
    interface echo {
        message ask(u32 id, string text, buffer data);
        message answer(u32 id, string text);
    }
    """
)


TEXT = "zwölf Boxkämpfer"


def talking(
    setup: ChannelSetup, said: list[tuple[int, str]], *, calls: int = 5, data: bytes = b"", name: str = "echo"
) -> Callable[[Team], Body]:
    """Thread 0 serves, all others ask it one thing after the other."""

    def serve(me: Member) -> Program:
        service = yield from switchboard(me.team).export(me, "echo", ECHO, setup)
        end = yield from service.accept(me)
        while True:
            ask = yield from end.receive(me)
            assert ask.values["data"] == data
            yield from end.send(me, "answer", id=ask.values["id"], text=ask.values["text"])
            me.count()

    def client(me: Member) -> Program:
        yield me.sleep(1 * MS)
        end = yield from switchboard(me.team).connect(me, name, ECHO)
        for number in range(calls):
            yield from end.send(me, "ask", id=number, text=TEXT, data=data)
            answer = yield from end.receive(me)
            said.append((int(str(answer.values["id"])), str(answer.values["text"])))
            me.count()

    return lambda team: lambda me: serve(me) if me.index == 0 else client(me)


def simulated(make: Callable[[Team], Body], cores: tuple[int, ...], *others: Application, threads: int = 0) -> Outcome:
    return run(Scenario(CORES, (Application("talk", Programs(make), cores, threads), *others), 100 * MS))
