"""`manage.py worker` that gives up on a group within seconds rather than within a minute; otherwise the same."""

import os
import sys
from datetime import timedelta

import django
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "engage_portal.settings")
    django.setup()
    from engage_portal.outbox.worker import supervisor

    supervisor._TICK_SECONDS = 0.5
    supervisor._TICK_LOST_AFTER = 2
    supervisor.late_after = lambda: timedelta(seconds=4)
    execute_from_command_line(sys.argv)
