"""The distributed part of the operating system: monitors, planners, timer synchronisation."""
