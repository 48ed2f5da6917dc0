"""Channels of a booted run: links with the machine's latencies, waking, and typed ends for programs."""
