"""Names of versions, looks, links, approved studies, and whose turn it was.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("results") as results:
        results.add_column(sa.Column("name", sa.String(length=100), nullable=False, server_default=""))
    with op.batch_alter_table("pictures") as pictures:
        pictures.add_column(sa.Column("shown", sa.String(length=22), nullable=True))
        pictures.add_column(sa.Column("look", sa.JSON(), nullable=True))
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("served", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("studies") as studies:
        studies.add_column(sa.Column("approved", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "share_links",
        sa.Column("id", sa.String(length=22), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("result_id", sa.String(length=22), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["result_id"], ["results.id"], name=op.f("fk_share_links_result_id_results"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_links")),
    )
    with op.batch_alter_table("share_links") as links:
        for column in ("owner", "result_id", "expires"):
            links.create_index(op.f(f"ix_share_links_{column}"), [column], unique=False)


def downgrade() -> None:
    op.drop_table("share_links")
    added = {"studies": ["approved"], "jobs": ["served"], "pictures": ["look", "shown"], "results": ["name"]}
    for table, columns in added.items():
        with op.batch_alter_table(table) as changed:
            for column in columns:
                changed.drop_column(column)
