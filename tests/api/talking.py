"""What tests say to the portal and to the sandbox Engage behind it."""

from typing import Any

from django.conf import settings

from engage_portal.core import clock
from engage_portal.engage import Unavailable
from engage_portal.outbox.delivery.passes import deliver
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import CLAIMABLE
from engage_portal.sandbox import seeds
from engage_portal.sandbox.app import Sandbox

ID = "/api/v3/contacts/id"
CONTACTS = "/api/v3/contacts"
RECEIPTS = "/api/v3/receipts"
TRANSACTIONS = "/api/v3/contacts/transactions"
ASSIGNMENTS = "/api/v3/promotion-assignments"
ACCOUNTS = "/api/v3/point-accounts"
POINTS = "/api/v3/point-transactions"
VOUCHERS = "/api/v3/reward-vouchers"
STORES = "/api/v3/stores"
COUNT = "/api/v2/contacts/count"
STATUS = "/api/portal/v1/status"
CHECKOUT = "/api/portal/v1/checkout"
RELEASE = "/api/portal/v1/promotion-assignments"
OUTBOX = "/api/portal/v1/outbox"

ANNA = f"{CONTACTS}/{seeds.ANNA_ID}"
UNKNOWN = "11111111-2222-4333-8444-555555555555"

ROUTES = [
    ("get", COUNT),
    ("get", f"{ID}?email=anna@example.com"),
    ("post", CONTACTS),
    ("get", ANNA),
    ("patch", ANNA),
    ("delete", ANNA),
    ("post", f"{ANNA}/updateContactType?contactTypeId=Member"),
    ("post", f"{CONTACTS}/bulk"),
    ("patch", f"{CONTACTS}/bulk"),
    ("get", f"{CONTACTS}/bulk/status?batchId={seeds.ANNA_ID}"),
    ("get", "/api/v3/consents"),
    ("get", f"{TRANSACTIONS}?contactId={seeds.ANNA_ID}"),
    ("get", f"{ASSIGNMENTS}?contactId={seeds.ANNA_ID}"),
    ("post", f"{ASSIGNMENTS}/{seeds.ANNA_MONEY_ID}/redeem"),
    ("get", f"{ACCOUNTS}?contactId={seeds.ANNA_ID}"),
    ("get", f"{ACCOUNTS}/{seeds.ACCOUNT_ID}"),
    ("get", f"{POINTS}?accountId={seeds.ACCOUNT_ID}"),
    ("get", f"{VOUCHERS}?contactId={seeds.ANNA_ID}"),
    ("get", f"{VOUCHERS}/available?contactId={seeds.ANNA_ID}"),
    ("get", f"{VOUCHERS}/redeemed?contactId={seeds.ANNA_ID}"),
    ("post", f"{VOUCHERS}/{seeds.VOUCHER_ID}/redeem"),
    ("post", f"{VOUCHERS}/{seeds.VOUCHER_ID}/reactivate"),
    ("post", RECEIPTS),
    ("get", STORES),
    ("get", STATUS),
    ("post", CHECKOUT),
    ("post", f"{RELEASE}/{seeds.ANNA_MONEY_ID}/release"),
    ("get", OUTBOX),
    ("get", f"{OUTBOX}/1"),
    ("post", f"{OUTBOX}/1/retry"),
    ("post", f"{OUTBOX}/1/cancel"),
]
"""Every operation that needs a key."""


def know_the_offers(till: Any) -> None:
    """Have the portal keep Anna's offers."""
    assert till.get(ASSIGNMENTS, {"contactId": seeds.ANNA_ID}).status_code == 200


def redeem_path(assignment_id: str) -> str:
    return f"{ASSIGNMENTS}/{assignment_id}/redeem"


def release_path(assignment_id: str) -> str:
    return f"{RELEASE}/{assignment_id}/release"


def voucher_path(action: str, voucher_id: str = seeds.VOUCHER_ID) -> str:
    return f"{VOUCHERS}/{voucher_id}/{action}"


def know_it_is_down() -> None:
    """The breaker is open, as after some failed calls."""
    breaker.report([Unavailable("no answer")] * settings.ENGAGE_BREAKER_FAILURES)


def take_down(engage: Sandbox, mode: str = "down") -> None:
    """Engage fails, and the portal knows it."""
    engage.engage.faults.set(mode)
    know_it_is_down()


def bring_up(engage: Sandbox) -> None:
    """Engage is back; everything that waits is delivered."""
    engage.engage.faults.clear()
    deliver_all()


def deliver_all() -> None:
    """What a worker does, without its waits."""
    for _ in range(3):
        Item.objects.filter(state__in=CLAIMABLE).update(not_before=clock.now())
        deliver(seconds=30)


def new_contact(**members: Any) -> dict[str, Any]:
    """The body of a sign-up."""
    return {
        "firstName": "Erik",
        "lastName": "Ek",
        "email": "erik@example.com",
        "countryCode": "SE",
        **members,
    }


def code_of(response: Any) -> str:
    """Engage's errorCode in an answer."""
    return str(response.json().get("errorCode"))


def items(**wanted: Any) -> list[Item]:
    """The queue, oldest first."""
    return list(Item.objects.filter(**wanted).order_by("pk"))
