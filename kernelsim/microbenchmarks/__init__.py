"""Small programs that measure a machine, as the dissertation's authors did before they built on it."""
