"""Dispatchers as CPU drivers see them: control structure, save areas, entry points, messages, floats, faults."""
