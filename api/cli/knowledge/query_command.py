"""`skb query`: a question to a machine's facts, or to files of facts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from api.cli.command import Door, SkbCommand
from api.cli.reply import Reply
from api.tables import count, seconds, table

EXIT_CODES = {"infeasible": 1, "unknown": 4}


class QueryCommand(SkbCommand):
    """Lets `--facts a.pl b.pl` name several files."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(_spread(args)))


def _spread(args: list[str]) -> list[str]:
    spread: list[str] = []
    in_facts = False
    for at, word in enumerate(args):
        if word == "--facts":
            in_facts = True
        elif in_facts and at and args[at - 1] != "--facts" and Path(word).is_file() and not word.startswith("-"):
            spread.append("--facts")
        elif at and args[at - 1] != "--facts":
            in_facts = False
        spread.append(word)
    return spread


@click.command("query", cls=QueryCommand, short_help="ask a machine's facts, or files of facts")
@click.argument("machine")
@click.argument("goal", required=False)
@click.option("-f", "--file", "program", metavar="FILE", help="A program that ends in one `?-` query.")
@click.option(
    "--facts",
    "fact_files",
    multiple=True,
    metavar="FILE...",
    help="With MACHINE `-`: ask files alone, their facts and rules.",
)
@click.option("--all", "everything", is_flag=True, help="Ask all that is stated, contradicted and denied facts, too.")
@click.option("--time-limit", type=click.FloatRange(0.001, 86_400), metavar="SECONDS", help="30 by default.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="For what searches.")
@click.pass_obj
def query(
    door: Door,
    machine: str,
    goal: str | None,
    program: str | None,
    fact_files: tuple[str, ...],
    everything: bool,
    time_limit: float | None,
    seed: int,
) -> Reply:
    """Ask MACHINE the GOAL, such as 'cache(Id, Core, 3, _, Size, _)', or the program of a file."""
    from api.sources import read_text
    from skb.query.answer import Limits

    if (goal is None) == (program is None):
        raise click.UsageError("either a GOAL or -f FILE is asked")
    if (machine == "-") != bool(fact_files):
        raise click.UsageError("--facts goes with the machine `-`, and `-` with --facts")
    text = goal if goal is not None else read_text(str(program), "the program")
    limits = Limits(seed=seed) if time_limit is None else Limits(time_ms=round(time_limit * 1000), seed=seed)
    if fact_files:
        return _ask_files(fact_files, text, limits, everything)
    return _ask_machine(door, machine, text, limits, everything)


def _ask_machine(door: Door, machine: str, text: str, limits: Any, everything: bool) -> Reply:
    from api.testimony import with_times
    from skb.asking import ask

    with door.store() as store:
        knowledge = store.knowledge(machine)
        snapshot = knowledge.snapshot()
        answer = ask(snapshot.unresolved() if everything else snapshot, text, limits=limits)
        return _reply(answer, with_times(knowledge, answer.to_json()))


def _ask_files(files: tuple[str, ...], text: str, limits: Any, everything: bool) -> Reply:
    from api.fact_files import read_fact_files
    from skb.asking import ask

    read = read_fact_files(files)
    snapshot = read.snapshot.unresolved() if everything else read.snapshot
    answer = ask(snapshot, text, limits=limits, book=read.book)
    noted = {"warnings": read.warnings} if read.warnings else {}
    return _reply(
        answer, {**answer.to_json(), **noted}, [f"{each['where']}: {each['message']}" for each in read.warnings]
    )


def _reply(answer: Any, document: dict[str, Any], notes: Sequence[str] = ()) -> Reply:
    return Reply(
        document,
        lambda: "\n".join([answer_text(answer), *notes]),
        _exit_code(answer),
    )


def _exit_code(answer: Any) -> int:
    """4 where a limit came before any row was found: nothing is known then, which is not the same as no."""
    if answer.status == "truncated" and not answer.rows:
        return EXIT_CODES["unknown"]
    return EXIT_CODES.get(answer.status, 0)


def answer_text(answer: Any) -> str:
    """Rows as a table, then how the answer came about."""
    from skb.notation.printing import write_term

    lines = []
    if answer.columns and answer.rows:
        lines.append(table(answer.columns, [[write_term(term) for term in row] for row in answer.rows]))
    elif answer.status == "complete" or answer.rows:
        lines.append("true" if answer.rows else "no answer")
    if answer.supports is not None:
        lines += [_support_text(row, support) for row, support in zip(answer.rows, answer.supports, strict=True)]
    if answer.status == "infeasible":
        lines.append(_conflict_text(answer))
    if answer.objective is not None:
        lines.append(f"objective {answer.objective}, bound {answer.bound}")
    stopped = f", stopped by {answer.stopped_by}" if answer.stopped_by else ""
    lines.append(
        f"{answer.status}{stopped}: {count(len(answer.rows), 'row')} at revision {answer.revision} "
        f"in {seconds(answer.seconds)}"
    )
    return "\n".join(lines)


def _support_text(row: Any, support: Any) -> str:
    """The facts on which a row rests, and what contradicts them."""
    from skb.notation.printing import write_fact, write_term

    lines = [f"{', '.join(map(write_term, row)) or 'true'} because"]
    for one in (one for fact in support for one in fact.said):
        standing = "" if one.wins else "not "
        lines.append(f"  {standing}{write_fact(one.relation, one.args)}  {one.layer}, {one.source}")
    return "\n".join(lines)


def _conflict_text(answer: Any) -> str:
    if not answer.conflict:
        return "no solution exists"
    least = "leaving out any one of them would admit a solution" if answer.minimal else "a smaller set may do"
    return f"no solution exists; in conflict: {', '.join(answer.conflict)} ({least})"
