"""The HTTP service: the same answers as the command line, as JSON, on this machine alone."""
