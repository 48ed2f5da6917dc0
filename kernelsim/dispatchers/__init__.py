"""Dispatchers as CPU drivers see them: control structure, save areas, entry points, messages, floats, faults.

Values and their steps, which tests walk through one by one. A booted run takes the LMP endpoints of `delivery`, and
costs the rest as a whole, in its dispatchers (`kernelsim.core`).
"""
