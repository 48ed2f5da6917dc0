"""What a core's CPU driver and monitor do for dispatchers, as values: system calls, and capabilities that travel.

Tests walk through them request by request; a booted run (`kernelsim.core`) costs a system call as a whole.
"""
