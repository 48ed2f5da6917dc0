"""From the quickest way to an allocation to the complete one."""

from planner.admission.allocating.allocation import Allocation, Question
from planner.admission.allocating.first_fit import allocate_first_fit
from planner.admission.allocating.pattern_solver import allocate_by_patterns, has_patterns
from planner.admission.allocating.shuffled_fit import MOST_TRIES, allocate_shuffled
from planner.admission.allocating.solver import WORK_LIMIT, Impossible, allocate_completely

FEW_TRIES = 5
"""Where the model's work is cut short, too: for the many questions that explain a refusal."""


def search(question: Question, seed: int, deadline: float | None, work_limit: float) -> Allocation | Impossible:
    """One try, many tries, then a model that knows an end; `work_limit` is that model's."""
    found = allocate_first_fit(question)
    if found is not None:
        return found
    if not has_patterns(question):
        return allocate_completely(question, seed=seed, deadline=deadline, work_limit=work_limit)
    if question.ask_windows:
        found = allocate_shuffled(question, seed=seed, tries=MOST_TRIES if work_limit >= WORK_LIMIT else FEW_TRIES)
    return found or allocate_by_patterns(question, seed=seed, deadline=deadline, work_limit=work_limit)
