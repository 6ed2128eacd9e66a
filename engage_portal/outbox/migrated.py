"""Commands refuse to work on a database that `migrate` has not brought up to date."""

from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def refuse_old_database() -> None:
    """Raise CommandError where migrations are missing: without its tables a command would only complain."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not up to date. Run this first: manage.py migrate")
