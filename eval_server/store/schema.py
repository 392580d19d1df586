"""The tables, one place for both databases; migrations bring an older database to this state."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class UtcMoment(TypeDecorator[datetime]):
    """A moment in UTC, kept as text that sorts by time in every database."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


def fresh_id() -> str:
    """An id that cannot be guessed (80 bits) and says nothing of how many came before."""
    return secrets.token_hex(10)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

phases = Table(
    "phases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("title", Text, nullable=False),
    Column("truth", String(20), nullable=False),
    Column("opens_at", UtcMoment),
    Column("closes_at", UtcMoment),
    Column("per_day", Integer),
    Column("in_all", Integer),
    Column("unscored_per_day", Integer),
    Column("represents", String(8), nullable=False),
    Column("visibility", String(10), nullable=False),
    Column("metric", String(32), nullable=False),
    Column("ladder", Boolean, nullable=False),
    Column("margin", Float, nullable=False),
    Column("choices", Integer, nullable=False),
    Column("divided", Boolean, nullable=False),
    Column("feedback", String(8), nullable=False),
    Column("others", String(8), nullable=False),
    Column("positive_class", String(40)),
    Column("negative_class", String(40)),
    Column("closed_at", UtcMoment),
    Column("archived_at", UtcMoment),
    Column("created_at", UtcMoment, nullable=False),
    Column("revision", String(20), nullable=False),
    Column("key", String(64)),
)
"""`key` chooses samples and stand-ins: random, the phase's for good, in every backup, and told to nobody."""

truths = Table(
    "truths",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("phase", ForeignKey("phases.name"), nullable=False),
    Column("document", JSON, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
)

published = Table(
    "published",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("phase", ForeignKey("phases.name"), nullable=False),
    Column("entry", Text, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("source", Text, nullable=False),
)

teams = Table(
    "teams",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("created_at", UtcMoment, nullable=False),
    Column("key", Text),
    Column("joined_into", String(80)),
    Index(None, "key", unique=True),
)
"""Of teams whose names an earlier release took for different ones, all but the eldest have no key."""

joins = Table(
    "joins",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("team", ForeignKey("teams.name"), nullable=False),
    Column("target", ForeignKey("teams.name"), nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("moved", JSON, nullable=False),
    Column("separated_at", UtcMoment),
)
"""Teams that were joined into another: what moved, as it was before, so that it can move back."""

submissions = Table(
    "submissions",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("phase", ForeignKey("phases.name"), nullable=False),
    Column("team", ForeignKey("teams.name"), nullable=False),
    Column("entry", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("archive", String(64), nullable=False),
    Column("scores", String(64)),
    Column("manifest", Text),
    Column("size", Integer, nullable=False),
    Column("submitted_at", UtcMoment, nullable=False),
    Column("status", String(10), nullable=False),
    Column("decided_at", UtcMoment),
    Column("claimed_by", String(80)),
    Column("claimed_at", UtcMoment),
    Column("attempts", Integer, nullable=False),
    Column("problems", JSON, nullable=False),
    Column("passed_over", JSON, nullable=False),
    Column("remarks", JSON, nullable=False),
    Column("trouble", Text),
    Column("chosen", Boolean, nullable=False),
    Column("withdrawn_at", UtcMoment),
    Column("barred", String(12)),
    Column("bar_reason", Text),
    Column("barred_at", UtcMoment),
    UniqueConstraint("phase", "team", "digest"),
    Index(None, "status", "submitted_at"),
    Index(None, "phase", "team", "submitted_at"),
)

history = Table(
    "history",
    metadata,
    Column("submission", ForeignKey("submissions.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("status", String(10), nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("note", Text, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("submission", ForeignKey("submissions.id"), nullable=False),
    Column("truth", ForeignKey("truths.id"), nullable=False),
    Column("part", String(8), nullable=False),
    Column("document", JSON, nullable=False),
    Column("stored", LargeBinary, nullable=False),
    Column("made_at", UtcMoment, nullable=False),
    Column("superseded_at", UtcMoment),
    Index(
        None,
        "submission",
        "truth",
        "part",
        unique=True,
        sqlite_where=text("superseded_at IS NULL"),
        postgresql_where=text("superseded_at IS NULL"),
    ),
    Index(None, "truth"),
)
"""One verdict on a submission by a truth, or a part of it, stands; those it superseded are kept."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("role", String(8), nullable=False),
    Column("team", ForeignKey("teams.name")),
    Column("note", Text, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("expires_at", UtcMoment, nullable=False),
    Column("revoked_at", UtcMoment),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("token", ForeignKey("tokens.id"), nullable=False),
    Column("expires_at", UtcMoment, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("at", UtcMoment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Index(None, "at"),
)

introductions = Table(
    "introductions",
    metadata,
    Column("phase", ForeignKey("phases.name"), primary_key=True),
    Column("description", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("terms", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("picture", LargeBinary),
    Column("picture_sha256", String(64), nullable=False),
)
"""What a phase says of itself, apart from its rules, which every request reads."""

acceptances = Table(
    "acceptances",
    metadata,
    Column("phase", ForeignKey("phases.name"), primary_key=True),
    Column("team", String(80), primary_key=True),
    Column("terms", String(64), primary_key=True),
    Column("at", UtcMoment, nullable=False),
)
"""Which team accepted which terms of a phase, by their SHA-256."""

identity = Table("identity", metadata, Column("id", String(20), primary_key=True))
"""One row: which database this is. The data folder holds the same, so that an emptied one is noticed."""
