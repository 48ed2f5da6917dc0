"""Work in child processes: limited in time and memory, cancellable, at most so much at once."""
