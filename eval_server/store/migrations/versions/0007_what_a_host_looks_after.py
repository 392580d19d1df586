"""Submissions are withdrawn or barred, teams have one key each and are joined, phases are closed by hand."""

import sqlalchemy as sa
from alembic import op

from eval_server.store.team_names import team_key

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.String(27)


def upgrade() -> None:
    op.add_column("submissions", sa.Column("withdrawn_at", MOMENT, nullable=True))
    op.add_column("submissions", sa.Column("barred", sa.String(12), nullable=True))
    op.add_column("submissions", sa.Column("bar_reason", sa.Text(), nullable=True))
    op.add_column("submissions", sa.Column("barred_at", MOMENT, nullable=True))
    op.add_column("phases", sa.Column("closed_at", MOMENT, nullable=True))
    op.add_column("phases", sa.Column("archived_at", MOMENT, nullable=True))
    op.add_column("teams", sa.Column("key", sa.Text(), nullable=True))
    op.add_column("teams", sa.Column("joined_into", sa.String(80), nullable=True))
    op.create_table(
        "joins",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("team", sa.String(80), nullable=False),
        sa.Column("target", sa.String(80), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("separated_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["team"], ["teams.name"], name=op.f("fk_joins_team")),
        sa.ForeignKeyConstraint(["target"], ["teams.name"], name=op.f("fk_joins_target")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joins")),
    )
    _give_keys()
    op.create_index(op.f("ix_teams_key"), "teams", ["key"], unique=True)


def _give_keys() -> None:
    """Each team's key to the eldest of those that share it; the others stay, found by their exact names."""
    teams = sa.table("teams", sa.column("name"), sa.column("created_at"), sa.column("key"))
    connection = op.get_bind()
    names = connection.execute(sa.select(teams.c.name).order_by(teams.c.created_at, teams.c.name)).scalars()
    eldest: dict[str, str] = {}
    for name in names.all():
        eldest.setdefault(team_key(name), name)
    for key, name in eldest.items():
        connection.execute(sa.update(teams).where(teams.c.name == name).values(key=key))
