"""`manage.py demo_data`: somebody to sign in as, a till, and a week of sales. Only for the demo."""

import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management.base import BaseCommand, CommandError, CommandParser

from engage_portal.api.keys import key_create
from engage_portal.core import clock
from engage_portal.engage import payloads
from engage_portal.engage.wire import encode
from engage_portal.sandbox.seeds import ANNA_ID
from receipts.services import receipt_record

_STORE = "101"
_ARTICLES = (
    ("Ipsum Wool Jacket", "2324234", 1299),
    ("Linen shirt, sand", "2324511", 599),
    ("Merino socks", "1100871", 149),
    ("Oak candle holder", "7714002", 249),
)


class Command(BaseCommand):
    """Fills an empty demo; a second run changes nothing and prints the same access again."""

    help = "Makes the demo's staff login, till key and sales; prints them as JSON. Refused outside DEBUG."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file keeps what cannot be read back from the database."""
        parser.add_argument(
            "--access", required=True, type=Path, help="file that keeps the login and the key"
        )

    def handle(self, *_args: Any, access: Path, **_options: Any) -> None:
        """Make what is missing."""
        if not settings.DEBUG:
            raise CommandError("demo_data makes logins that everybody can read: it needs DEBUG.")
        if not access.exists():
            granted = {"user": "staff", "password": secrets.token_urlsafe(9), "key": ""}
            self._staff(granted["user"], granted["password"])
            granted["key"] = key_create(name="till-101-1", store=_STORE)
            self._sales()
            access.touch(mode=0o600)
            access.write_text(json.dumps(granted))
        self.stdout.write(access.read_text())

    def _staff(self, user: str, password: str) -> None:
        staff = get_user_model().objects.create_user(user, password=password, is_staff=True)
        wanted = (
            "view_item",
            "retry_item",
            "cancel_item",
            "pause_items",
            "settle_clash",
            "view_contact",
            "reveal_contact",
            "correct_contact",
            "import_contacts",
            "spool",
            "download_spoolfile",
            "change_trustrule",
        )
        staff.user_permissions.set(
            Permission.objects.filter(
                content_type__app_label__in=["outbox", "contacts", "promotions", "receipts", "fallback"],
                codename__in=wanted,
            )
        )

    def _sales(self) -> None:
        """Four sales of the last days that go through, and one that this Engage refuses."""
        for day, (name, article, price) in enumerate(_ARTICLES, start=1):
            self._sale(f"101-demo-{day}", name, article, price, days_ago=day)
        self._sale("101-demo-refused", "Blocked article", "REFUSE", 99, days_ago=1)

    def _sale(self, receipt_id: str, name: str, article: str, price: int, *, days_ago: int) -> None:
        body = {
            "contact": {"matchKey": ANNA_ID, "matchKeyType": "contactId"},
            "uniqueReceiptId": receipt_id,
            "receiptNumber": receipt_id.removeprefix("101-"),
            "createdDate": (clock.now() - timedelta(days=days_ago)).isoformat(timespec="seconds"),
            "storeExternalId": _STORE,
            "currency": "SEK",
            "totalGrossPrice": price,
            "paymentMethods": [{"type": "card", "value": price}],
            "items": [
                {
                    "type": "PURCHASE",
                    "sku": article,
                    "articleNumber": article,
                    "articleName": name,
                    "quantity": 1,
                    "grossPaidPrice": price,
                    "taxAmount": price / 5,
                    "taxPercent": 25,
                }
            ],
        }
        receipt_record(payload=payloads.decode_receipt(encode(body)), actor="demo")
