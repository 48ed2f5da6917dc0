"""Runtimes that share work out among the threads of an application: work stealing, and teams of changing size."""
