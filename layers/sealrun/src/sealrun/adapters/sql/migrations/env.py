"""What Alembic runs for ``migrate``, on the connection that holds the lock."""

from alembic import context

from sealrun.adapters.sql.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
