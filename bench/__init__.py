"""Measured figures, each beside its goal; `make bench` prints them. Timings are CPU seconds, medians."""
