"""What the teachers' report is made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Some databases have it: the report made its own table before this script was there.
    op.create_table(
        "report_turns",
        sa.Column("session_id", sa.String(64), primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("course", sa.String(64), nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("abstained", sa.Boolean, nullable=False),
        sa.Column("lecture", sa.Integer, nullable=True),
        sa.Column("heading", sa.Text, nullable=False),
        sa.Column("cited", sa.JSON, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_report_turns_created", "report_turns", ["created"], if_not_exists=True)
