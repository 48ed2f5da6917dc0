"""Admitted manifests on Linux: SCHED_DEADLINE parameters, the kernel's own test, and rt-app's task sets in and out."""
