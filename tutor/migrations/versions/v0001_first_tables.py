"""The tables of the first versions, each only where it is missing: databases from before there were versions have them.

Such a database may have come from any of several versions, which added whole tables and never changed one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.String(64)
_WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    _table(
        "sessions",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("created", _WHEN, nullable=False),
    )
    _table(
        "session_courses",
        sa.Column("session_id", _ID, primary_key=True),
        sa.Column("course", sa.String(64), nullable=False),
    )
    _table(
        "session_owners",
        sa.Column("session_id", _ID, primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        indexed="owner",
    )
    _table(
        "session_settings",
        sa.Column("session_id", _ID, primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
    )
    _table(
        "turns",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("session_id", _ID, sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created", _WHEN, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("intent", sa.String(20), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        indexed="session_id",
    )
    _table(
        "answers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("created", _WHEN, nullable=False),
        sa.Column("question_id", sa.String(120), nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("lecture", sa.Integer, nullable=False),
        sa.Column("skill", sa.String(120), nullable=False),
        sa.Column("right", sa.Boolean, nullable=False),
        sa.Column("hints", sa.Integer, nullable=False),
        indexed="session_id",
    )
    _table(
        "cards",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("lecture", sa.Integer, nullable=False),
        sa.Column("skill", sa.String(120), nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("due", _WHEN, nullable=False),
        sa.UniqueConstraint("session_id", "lecture", "skill"),
        indexed="session_id",
    )
    _table(
        "predictions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("created", _WHEN, nullable=False),
        sa.Column("lab", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("metric", sa.String(120), nullable=False),
        sa.Column("guess", sa.String(200), nullable=False),
        sa.Column("actual", sa.String(200), nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        indexed="session_id",
    )
    _table(
        "feedback",
        sa.Column("session_id", _ID, primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True),
        sa.Column("verdict", sa.String(40), nullable=False),
        sa.Column("created", _WHEN, nullable=False),
    )


def _table(name: str, *parts: sa.schema.SchemaItem, indexed: str | None = None) -> None:
    op.create_table(name, *parts, if_not_exists=True)
    if indexed is not None:
        op.create_index(f"ix_{name}_{indexed}", name, [indexed], if_not_exists=True)
