"""One group of workers: a django-q2 cluster that ends when its supervisor does, however that ended."""

import os
import select
import signal
import sys
from threading import Timer
from typing import Any

from django.conf import settings
from django_q.cluster import Cluster

from engage_portal.outbox.tasks import SLICE_SECONDS

_LOOK_SECONDS = 1.0


def run_group(lifeline: int) -> None:
    """Run a cluster until the other end of the pipe `lifeline` is closed, or a signal stops it.

    Ends the process with status 1 where the cluster's own guard has died, so that the supervisor starts a new group.
    """
    cluster = Cluster()
    # The terminal's Ctrl-C is for the supervisor, which then closes the lifeline.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cluster.start()
    sentinel: Any = cluster.sentinel
    while sentinel.is_alive():
        readable, _, _ = select.select([lifeline], [], [], _LOOK_SECONDS)
        if readable:
            _stop(cluster)
            return
    if cluster.stop_event is not None:
        sys.exit(1)


def _stop(cluster: Cluster) -> None:
    """Let tasks finish; a cluster that hangs is killed with everything in its session."""
    patience = SLICE_SECONDS + settings.ENGAGE_READ_TIMEOUT + 5
    last_resort = Timer(patience, os.killpg, (os.getpgrp(), signal.SIGKILL))
    last_resort.daemon = True
    last_resort.start()
    cluster.stop()
    last_resort.cancel()
