"""The first steps: machines into the store, a question to their facts."""

import facts
from api.cli.knowledge.query_command import answer_text
from api.demo.material import LARGE, QUESTION, QUESTION_IN_WORDS, SMALL, hwloc_file
from api.demo.narration import Narrator
from api.machine_report import list_machines
from api.tables import count, table
from skb.store.store import Store


def load_machines(tell: Narrator, store: Store) -> None:
    """The dissertation's two AMD machines, an hwloc XML, and this host."""
    file, what = hwloc_file()
    with tell.step("Load machines into a throw-away store"):
        for source in (SMALL, LARGE, file, "host"):
            report = store.load(facts.read(source))
            tell.say(f"skb load {source}: {count(sum(report.facts.values()), 'fact')} about {report.machine}")
            for warning in report.warnings[:2]:
                tell.say(f"warning: {warning.message} {warning.where}")
        tell.say(f"({what}; {SMALL} and {LARGE} are machines of the dissertation, `host` is this one)")
        document = list_machines(store)
        keys = ("machine", "packages", "numa_nodes", "physical_cores", "cores")
        headers = ["machine", "packages", "NUMA nodes", "physical cores", "hardware threads"]
        tell.show(table(headers, [[one[key] for key in keys] for one in document["machines"]]))
        tell.results["machines"] = [one["machine"] for one in document["machines"]]


def ask_question(tell: Narrator, store: Store) -> None:
    """Rows that join three relations."""
    with tell.step(f"Ask {SMALL}: {QUESTION_IN_WORDS}"):
        tell.say(f"skb query {SMALL} '{QUESTION}'")
        answer = store.knowledge(SMALL).ask(QUESTION)
        tell.show(answer_text(answer))
        tell.results["question"] = answer.to_json()
