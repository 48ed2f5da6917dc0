"""The hardware that the multikernel runs on."""
