"""Subjects may be divided: a verdict says of which part it is, and a team may choose several submissions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STANDING = sa.text("superseded_at IS NULL")


def upgrade() -> None:
    # no batch: SQLite would make the tables anew, and other rows name those of `phases`
    op.add_column("phases", sa.Column("choices", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("phases", sa.Column("divided", sa.Boolean(), nullable=False, server_default="0"))
    op.add_column("verdicts", sa.Column("part", sa.String(8), nullable=False, server_default="whole"))
    op.drop_index("ix_verdicts_submission_truth", table_name="verdicts")
    op.create_index(
        "ix_verdicts_submission_truth_part",
        "verdicts",
        ["submission", "truth", "part"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )
