"""The tables of the fact store, as the newest migration leaves them."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, SmallInteger, Table, Text, text

HEAD = "0003"

metadata = MetaData()
_LIVING, _ENDED = text("removed IS NULL"), text("removed IS NOT NULL")
_Number = BigInteger().with_variant(Integer(), "sqlite")

clock = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", _Number, nullable=False),
    Column("kept", _Number, nullable=False, server_default="0"),
    Column("epoch", Text, nullable=False, server_default=""),
)
machine = Table(
    "machine",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)
relation = Table(
    "relation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("arity", Integer, nullable=False),
    Index("relation_by_name", "name", "arity", unique=True),
)
source = Table(
    "source",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False, unique=True),
)
change = Table(
    "change",
    metadata,
    Column("revision", _Number, primary_key=True, autoincrement=False),
    Column("machine_id", Integer, ForeignKey("machine.id"), nullable=False),
    Column("at", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Index("change_of_machine", "machine_id", "revision"),
)
# Facts that were stated together and still share their fate are one row: `args` has a line for each of `size` facts,
# and `place` counts the facts of their revision before them.
fact = Table(
    "fact",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("machine_id", Integer, ForeignKey("machine.id"), nullable=False),
    Column("relation_id", Integer, ForeignKey("relation.id"), nullable=False),
    Column("args", Text, nullable=False),
    Column("layer", SmallInteger, nullable=False),
    Column("source_id", Integer, ForeignKey("source.id"), nullable=False),
    Column("added", _Number, nullable=False),
    Column("removed", _Number),
    Column("size", Integer, nullable=False, server_default="1"),
    Column("place", _Number, nullable=False, server_default="0"),
    Index("fact_of_machine", "machine_id", "relation_id"),
    Index("fact_by_added", "added"),
    Index("fact_by_removed", "removed", sqlite_where=_ENDED, postgresql_where=_ENDED),
)
record = Table(
    "record",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("name", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("added", _Number, nullable=False),
    Column("removed", _Number),
    Index("record_living", "name", unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING),
    Index("record_by_added", "added"),
    Index("record_by_removed", "removed"),
)
record_counter = Table(
    "record_counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next", _Number, nullable=False),
)
