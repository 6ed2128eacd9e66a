"""Makes the database for the tests of the worker's processes: receipts that wait until they are let go."""

import json
import os
import sys
from datetime import UTC, datetime
from uuid import uuid4

import django
from django.core.management import call_command

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "engage_portal.settings")
    django.setup()
    from engage_portal.engage import payloads
    from engage_portal.outbox.models import Item
    from receipts.services import receipt_record
    from tests.conftest import make_receipt

    call_command("migrate", verbosity=0)
    for number in range(int(sys.argv[1])):
        contact = {"matchKey": str(uuid4()), "matchKeyType": "contactId"}
        body = json.dumps(make_receipt(f"101-{number}", contact=contact)).encode()
        receipt_record(payload=payloads.decode_receipt(body), actor="till")
    Item.objects.update(not_before=datetime(2099, 1, 1, tzinfo=UTC))
