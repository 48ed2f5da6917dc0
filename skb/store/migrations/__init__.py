"""How the tables of the store came to be: Alembic migrations, run when a store is opened."""
