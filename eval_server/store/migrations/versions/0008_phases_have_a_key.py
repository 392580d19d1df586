"""A phase has a key of its own, which goes with it into every backup: what it chooses stays as it was."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("phases", sa.Column("key", sa.String(64), nullable=True))
    phases = sa.table("phases", sa.column("name"), sa.column("key"))
    connection = op.get_bind()
    for name in connection.execute(sa.select(phases.c.name)).scalars().all():
        key = secrets.token_hex(32)
        connection.execute(sa.update(phases).where(phases.c.name == name).values(key=key))
