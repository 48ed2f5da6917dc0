"""Gangs on a mesh that others use, too: only those that are announced by interrupts start unevenly."""

from dataclasses import replace

from experiments.reproduce.baselines.meshed_gangs import Setting, alternate

FEW = Setting(0, pairs=6)


def test_interrupts_on_a_busier_mesh_start_gangs_less_evenly() -> None:
    empty, half, full = (alternate(replace(FEW, load_percent=load)) for load in (0, 50, 90))
    assert empty.jitter_us == 0 < half.jitter_us < full.jitter_us
    assert empty.skew_us < half.skew_us < full.skew_us
    assert full.progress < empty.progress


def test_phase_locked_gangs_do_not_notice_the_mesh() -> None:
    empty, full = (alternate(replace(FEW, load_percent=load, locked=True)) for load in (0, 90))
    assert empty == full
    assert full.jitter_us == 0


def test_interrupts_on_a_bus_of_their_own_do_not_notice_the_mesh() -> None:
    empty, full = (alternate(replace(FEW, load_percent=load, has_bus=True)) for load in (0, 90))
    assert empty == full
    assert full.jitter_us == 0
