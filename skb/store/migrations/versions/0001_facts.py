"""The first tables: clock, machines, relations, sources, changes, facts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    clock = op.create_table(
        "clock",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("revision", _NUMBER, nullable=False),
    )
    op.bulk_insert(clock, [{"id": 1, "revision": 0}])
    op.create_table(
        "machine",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "relation",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("arity", sa.Integer, nullable=False),
    )
    op.create_index("relation_by_name", "relation", ["name", "arity"], unique=True)
    op.create_table(
        "source",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("text", sa.Text, nullable=False, unique=True),
    )
    _create_histories()


def _create_histories() -> None:
    op.create_table(
        "change",
        sa.Column("revision", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("machine_id", sa.Integer, sa.ForeignKey("machine.id"), nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
    )
    op.create_index("change_of_machine", "change", ["machine_id", "revision"])
    op.create_table(
        "fact",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("machine_id", sa.Integer, sa.ForeignKey("machine.id"), nullable=False),
        sa.Column("relation_id", sa.Integer, sa.ForeignKey("relation.id"), nullable=False),
        sa.Column("args", sa.Text, nullable=False),
        sa.Column("layer", sa.SmallInteger, nullable=False),
        sa.Column("source_id", sa.Integer, sa.ForeignKey("source.id"), nullable=False),
        sa.Column("added", _NUMBER, nullable=False),
        sa.Column("removed", _NUMBER),
    )
    op.create_index("fact_of_machine", "fact", ["machine_id", "relation_id"])


def downgrade() -> None:
    for table in ("fact", "change", "source", "relation", "machine", "clock"):
        op.drop_table(table)
