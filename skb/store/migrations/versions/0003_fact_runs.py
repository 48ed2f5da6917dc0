"""Several facts in one row: how many, and where they stand among those of their revision."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("fact", sa.Column("size", sa.Integer, nullable=False, server_default="1"))
    op.add_column("fact", sa.Column("place", _NUMBER, nullable=False, server_default="0"))
    op.execute("UPDATE fact SET place = id")


def downgrade() -> None:
    raise NotImplementedError("rows of several facts cannot be told apart by the tables before")
