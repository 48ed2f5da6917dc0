"""Capabilities after seL4's model: kinds, each core's database, what may be shared between cores and how it travels."""
