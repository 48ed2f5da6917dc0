"""How a program's rules are run over the rows of a snapshot: compiled steps, recursion, built-ins, aggregates."""
