"""A phase may name its classes, and say what it is: description, rules, terms, contact, a picture."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("phases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("positive_class", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("negative_class", sa.String(length=40), nullable=True))
    op.create_table(
        "introductions",
        sa.Column("phase", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=True),
        sa.Column("picture_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["phase"], ["phases.name"], name=op.f("fk_introductions_phase_phases")),
        sa.PrimaryKeyConstraint("phase", name=op.f("pk_introductions")),
    )
    op.create_table(
        "acceptances",
        sa.Column("phase", sa.String(length=64), nullable=False),
        sa.Column("team", sa.String(length=80), nullable=False),
        sa.Column("terms", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["phase"], ["phases.name"], name=op.f("fk_acceptances_phase_phases")),
        sa.PrimaryKeyConstraint("phase", "team", "terms", name=op.f("pk_acceptances")),
    )
