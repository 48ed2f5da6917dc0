"""Capabilities after seL4's model: kinds, each core's database, what may be shared between cores and how it travels.

A booted run agrees on regions by their kinds (`kernelsim.system.agreement`); whole databases are for `kernelsim.nodes`
and for tests that walk through what may be done to them.
"""
