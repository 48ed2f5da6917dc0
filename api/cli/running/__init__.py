"""Commands that simulate, and repeat what was published."""
