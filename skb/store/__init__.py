"""Where facts are kept: one growing revision, SQLite or PostgreSQL, history, backup."""
