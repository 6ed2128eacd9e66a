"""Catches callers that repeat a POST without looking first.

After a POST without an answer Engage asks integrators to check with a GET before they send again (api.md
§4). Each POST that creates, redeems or registers is remembered by its subject; a GET that would have told
its outcome clears it. What was clearly refused (4xx) did not happen, so repeating it needs no look.
"""

import hashlib
from dataclasses import dataclass

from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.call import Call
from engage_portal.sandbox.contact_rules import KEY_ATTRIBUTES, normalised_key
from engage_portal.sandbox.store import Store

NO_ANSWER = 0
_REFUSED = range(400, 500)
_SERVER_ERROR = 500
_LOOKUP_KINDS = {"customKey", "any", *KEY_ATTRIBUTES}


@dataclass(frozen=True, slots=True)
class UncheckedRepeat:
    """One POST that came again although nobody had looked what became of the one before."""

    kind: str
    subject: str
    at: str
    previous_status: int


@dataclass(frozen=True, slots=True)
class Subject:
    """What a POST is about, and the looks that tell its outcome."""

    kind: str
    name: str
    looks: tuple[str, ...]

    @property
    def id(self) -> str:
        """The record's key: no name is too long for it."""
        return hashlib.sha256(f"{self.kind}|{self.name}".encode()).hexdigest()[:32]


class Watch:
    """Remembers POSTs by subject and the looks in between."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.index("post", "look", lambda post: () if post["checked"] else post["looks"])

    @property
    def repeats(self) -> list[UncheckedRepeat]:
        """Every unchecked repeat so far, oldest first."""
        return [UncheckedRepeat(**record) for record in self._store.all("repeat").values()]

    def post(self, subject: Subject, status: int, at: str) -> None:
        """Note a POST and what was answered (0 = nothing)."""
        before = self._store.get("post", subject.id)
        if before and not before["checked"] and before["status"] not in _REFUSED:
            repeat = {
                "kind": subject.kind,
                "subject": subject.name,
                "at": at,
                "previous_status": before["status"],
            }
            self._store.put("repeat", str(len(self._store.all("repeat")) + 1), repeat)
        times = before["times"] + 1 if before else 1
        post = {"times": times, "status": status, "checked": False, "looks": list(subject.looks)}
        self._store.put("post", subject.id, post)

    def look(self, looks: list[str], status: int) -> None:
        """Note a GET: what it could have told counts as checked, if it was answered at all."""
        if status == NO_ANSWER or status >= _SERVER_ERROR:
            return
        for look in looks:
            for subject_id, post in self._posts_behind(look):
                self._store.put("post", subject_id, {**post, "checked": True})

    def _posts_behind(self, look: str) -> list[tuple[str, Record]]:
        return list(self._store.find_items("post", "look", look))


def posted(name: str, call: Call, store: Store) -> list[Subject]:
    """What a POST on a route is about; empty for routes that are harmless to repeat."""
    if name == "contact.create":
        return _created(call.json_or_none())
    if name == "receipt.post":
        return _receipt(call.json_or_none())
    if name == "promotion.redeem":
        assignment = store.get("assignment", call.params["assignmentId"].lower())
        looks = (f"promotions:{assignment['contactId']}",) if assignment else ()
        return [Subject(name, call.params["assignmentId"].lower(), looks)]
    if name in {"voucher.redeem", "voucher.reactivate"}:
        voucher = store.get("voucher", call.params["rewardVoucherId"].lower())
        looks = (f"vouchers:{voucher['contactId']}",) if voucher else ()
        return [Subject(name, call.params["rewardVoucherId"].lower(), looks)]
    return []


def looked(name: str, call: Call, store: Store) -> list[str]:
    """The looks a GET stands for."""
    if name == "contact.find":
        return [_key_look(value) for kind, value in call.query.items() if kind in _LOOKUP_KINDS]
    contact_id = (call.params.get("contactId") or call.query.get("contactId") or "").lower()
    if name == "transactions":
        contact = store.get("contact", contact_id)
        attributes: Record = contact["attributes"] if contact else {}
        keys = [str(attributes[key]).lower() for key in KEY_ATTRIBUTES if attributes.get(key)]
        return [f"transactions:{value}" for value in (contact_id, *keys)]
    if name in {"promotions", "vouchers"}:
        return [f"{name}:{contact_id}"]
    return []


def _created(body: object) -> list[Subject]:
    if not isinstance(body, dict):
        return []
    contact_type = str(body.get("contactType") or "Member")
    keys = {key: str(body[key]) for key in KEY_ATTRIBUTES if body.get(key)}
    looks = tuple(_key_look(value) for value in keys.values())
    names = [f"{contact_type} {key}={normalised_key(key, value)}" for key, value in keys.items()]
    return [Subject("contact.create", name, looks) for name in names]


def _receipt(body: object) -> list[Subject]:
    if not isinstance(body, dict) or not body.get("uniqueReceiptId"):
        return []
    contact = body.get("contact")
    match_key = str(contact.get("matchKey", "")) if isinstance(contact, dict) else ""
    return [Subject("receipt.post", str(body["uniqueReceiptId"]), (f"transactions:{match_key.lower()}",))]


def _key_look(value: str) -> str:
    return f"key:{value.strip().lower()}"
