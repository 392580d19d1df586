"""A verdict that another one follows is kept, with the moment at which it was superseded."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STANDING = sa.text("superseded_at IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("superseded_at", sa.String(27), nullable=True))
        batch_op.drop_constraint(batch_op.f("uq_verdicts_submission_truth"), type_="unique")
        batch_op.create_index(
            batch_op.f("ix_verdicts_submission_truth"),
            ["submission", "truth"],
            unique=True,
            sqlite_where=STANDING,
            postgresql_where=STANDING,
        )
