"""Names of export files: a timestamp of 14 digits, a number from 0 on, a name [A3]."""

from datetime import UTC, datetime, timedelta

from engage_portal.core import clock
from engage_portal.sandbox.state import TENANT_ZONE, Engage

_STAMP = "%Y%m%d%H%M%S"


def export_name(engage: Engage, number: int, name: str) -> str:
    """A name that was never given before. Files of one run bear different times, as in Engage's own examples [A3].

    In the tenant's time, as all of the sandbox's times. By the real clock: whoever reads these remembers what it has
    read, and the sandbox's own clock can be put back.
    """
    last = engage.store.get("meta", "export_stamp")
    at = clock.now().astimezone(UTC).replace(microsecond=0)
    if last:
        at = max(at, datetime.fromisoformat(last["at"]) + timedelta(seconds=1))
    engage.store.put("meta", "export_stamp", {"at": at.isoformat()})
    return f"{at.astimezone(TENANT_ZONE):{_STAMP}}_{number}_{name}.xml"
