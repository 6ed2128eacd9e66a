"""`manage.py worker`: delivers what waits in the offline queue."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from engage_portal.checks import CONFIGURATION
from engage_portal.outbox.migrated import refuse_old_database


class Command(BaseCommand):
    """Supervises one group of workers. Run as many of these, on as many machines, as there is work for."""

    help = (
        "Delivers what waits in the offline queue: runs the django-q2 cluster in a session of its own and replaces "
        "the whole group when its heartbeat stops. Ends on SIGTERM or Ctrl-C, after what it holds is finished."
    )
    requires_system_checks = [CONFIGURATION]

    def add_arguments(self, parser: CommandParser) -> None:
        """`--group` is how the supervisor starts its group; people have no use for it."""
        parser.add_argument("--group", type=int, metavar="FD", help="used by the supervisor itself")

    def handle(self, *_args: Any, group: int | None, **_options: Any) -> None:
        """Supervise, or be the group."""
        if group is None:
            refuse_old_database()
            connection.close()
            from engage_portal.outbox.worker.supervisor import Supervisor

            Supervisor().run()
        else:
            from engage_portal.outbox.worker.group import run_group

            run_group(group)
