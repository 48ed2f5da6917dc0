"""Records and their counters; the oldest revision kept; indexes by which changes are found."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("clock", sa.Column("kept", _NUMBER, nullable=False, server_default="0"))
    op.add_column("clock", sa.Column("epoch", sa.Text, nullable=False, server_default=""))
    clock = sa.table("clock", sa.column("epoch", sa.Text))
    op.execute(clock.update().values(epoch=uuid4().hex))
    op.create_index("fact_by_added", "fact", ["added"])
    removed = sa.text("removed IS NOT NULL")
    op.create_index("fact_by_removed", "fact", ["removed"], sqlite_where=removed, postgresql_where=removed)
    _create_records()


def _create_records() -> None:
    op.create_table(
        "record",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.Column("added", _NUMBER, nullable=False),
        sa.Column("removed", _NUMBER),
    )
    living = sa.text("removed IS NULL")
    op.create_index("record_living", "record", ["name"], unique=True, sqlite_where=living, postgresql_where=living)
    op.create_index("record_by_added", "record", ["added"])
    op.create_index("record_by_removed", "record", ["removed"])
    op.create_table(
        "record_counter",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("next", _NUMBER, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("record_counter")
    op.drop_table("record")
    op.drop_index("fact_by_removed", "fact")
    op.drop_index("fact_by_added", "fact")
    with op.batch_alter_table("clock") as clock:
        clock.drop_column("epoch")
        clock.drop_column("kept")
