"""All steps of the demonstration in their order."""

from pathlib import Path

from api.demo import execution_steps, knowledge_steps, planning_steps, service_steps
from api.demo.material import throw_away_folder
from api.demo.narration import Narrator
from skb.store.store import Store


def run_demo(tell: Narrator, output: Path) -> None:
    """The whole job on a throw-away store; pictures go to `output`."""
    output.mkdir(parents=True, exist_ok=True)
    with throw_away_folder() as folder, Store(f"sqlite:///{Path(folder) / 'demo.sqlite'}") as store:
        knowledge_steps.load_machines(tell, store)
        knowledge_steps.ask_question(tell, store)
        planning_steps.place_application(tell, store)
        planning_steps.build_tree(tell, store)
        planning_steps.admit_applications(tell, store)
        execution_steps.change_phases(tell, store)
        run = execution_steps.run_contention(tell, store)
        execution_steps.write_traces(tell, run, output)
        execution_steps.feed_back(tell, store, run)
        service_steps.ask_over_http(tell, store)
    tell.end()
