"""A phase says how much of a result its team and all others are told; those of before go on as they were."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("phases", schema=None) as batch_op:
        for name in ("feedback", "others"):
            batch_op.add_column(sa.Column(name, sa.String(8), nullable=False, server_default="full"))
