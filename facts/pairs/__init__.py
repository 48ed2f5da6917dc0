"""The readers of measurements between pairs of cores."""
