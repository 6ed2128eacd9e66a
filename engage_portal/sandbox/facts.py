"""How often each receipt, contact and redemption is here, whatever way it came: what a test of no doubles asks."""

from collections import Counter

from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.contact_rules import KEY_ATTRIBUTES, normalised_key
from engage_portal.sandbox.state import Engage

_NEVER: Record = {"posted": 0, "ways": {}, "state": None}


def facts(engage: Engage) -> Record:
    """What `GET /facts` answers.

    receipts: by uniqueReceiptId, how often `posted` and by which `ways`, `state`, how often `inHistory` (1 is right).
    contacts: how many in all, and by key and value. redemptions: by assignment or voucher, `times` and `ways`.
    """
    with engage.lock:
        engage.settle()
        return {
            "receipts": _receipts(engage),
            "contacts": _contacts(engage),
            "redemptions": _redemptions(engage),
        }


def _receipts(engage: Engage) -> Record:
    shown = Counter(record["item"]["externalId"] for record in engage.store.all("transaction").values())
    received = engage.store.all("received")
    return {
        unique: {
            **{name: received.get(unique, _NEVER).get(name) for name in _NEVER},
            "inHistory": shown[unique],
        }
        for unique in {**shown, **received}
    }


def _contacts(engage: Engage) -> Record:
    keys: dict[str, Counter[str]] = {name: Counter() for name in KEY_ATTRIBUTES}
    held = engage.store.all("contact").values()
    for contact in held:
        for name, counter in keys.items():
            value = contact["attributes"].get(name)
            if value:
                counter[normalised_key(name, str(value))] += 1
    return {"count": len(held), "keys": keys}


def _redemptions(engage: Engage) -> Record:
    found: dict[str, Record] = {}
    for record in engage.store.all("redemption").values():
        one = found.setdefault(record["id"], {"kind": record["kind"], "times": 0, "ways": []})
        one["times"] += 1
        one["ways"].append(record.get("way", "api"))
    return found
