"""What a run shows becomes facts that can be asked and planned with."""

import experiments
import facts
import planner
import skb


def test_measured_latencies_are_those_of_the_true_machine_and_can_be_asked() -> None:
    knowledge = skb.load(facts.read("amd-2x2"))
    machine = planner.Topology.of(knowledge)
    measured = experiments.measure_latencies(machine)
    assert len(measured) == 4 * 3
    knowledge.tell(measured)
    assert knowledge.ask("message_latency_ps(0, 2, Avg, _, _, _)").rows == ((machine.latency_ps(0, 2),),)
    corrected = planner.Topology.of(knowledge)
    assert corrected.weakest_source([(0, 1), (0, 2), (3, 1)]) == "measured"


def test_measuring_some_cores_says_nothing_of_the_others() -> None:
    machine = planner.Topology.of(skb.load(facts.read("amd-4x4")))
    pairs = {fact[1][:2] for fact in experiments.measure_latencies(machine, cores=[2, 9])}
    assert pairs == {(2, 9), (9, 2)}


def test_progress_and_utilisation_of_a_run_can_be_asked() -> None:
    text = 'machine = "amd-2x2"\nseconds = 1\n[[application]]\nname = "c"\nworkload = "cpu-bound"\ncores = "1,3"\n'
    run = experiments.run_scenario(text)
    knowledge = skb.load(facts.read("amd-2x2"))
    knowledge.tell(experiments.measure_run(run))
    cores = knowledge.ask("measured_utilisation_ppm(c, Core, Ppm), Ppm > 900000").rows
    assert [row[0] for row in cores] == [1, 3]
    assert knowledge.ask("measured_progress(c, N, 1000), N > 0").rows
