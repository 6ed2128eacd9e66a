"""Webhooks as Svix sends them for Engage: signed, at least once, from a thread of their own (api.md §14).

Events stand in the store until they were taken or given up, so they survive a stop. Only the standard library: what is
signed here is checked by somebody else's code in the portal.
"""

import base64
import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.state import Engage

WAITS = (0.0, 0.5, 2.0, 10.0, 60.0)
"""Seconds before each try; Svix's own schedule goes on for a day."""
_TIMEOUT = 5.0
_TENANT = "sandbox"
_PREFIX = "whsec_"


def note_event(engage: Engage, kind: str, contact_id: str) -> None:
    """Have an event sent, once the present request is permanent; nothing where no webhook is set up."""
    if not (engage.settings.webhook_url and engage.settings.webhook_secret):
        return
    number = engage.next_number("event")
    engage.store.put("event", str(number), {"id": engage.new_id(), "kind": kind, "contactId": contact_id})
    if engage.on_event:
        engage.on_event()


def signed(secret: str, event_id: str, at: int, body: bytes) -> dict[str, str]:
    """Svix's headers: HMAC-SHA256 over id, timestamp and body, with the secret behind `whsec_`."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    content = f"{event_id}.{at}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"svix-id": event_id, "svix-timestamp": str(at), "svix-signature": f"v1,{signature}"}


@dataclass
class _Waiting:
    """An event that could not be handed over yet."""

    tries: int
    due: float


class Sender:
    """Sends what is noted, oldest first; one that is refused waits without holding up the others."""

    def __init__(self, engage: Engage) -> None:
        self._engage = engage
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._waiting: dict[str, _Waiting] = {}

    def wake(self) -> None:
        """Something was noted. The thread that sends starts with the first event."""
        self._wake.set()
        if self._thread is None and not self._closed.is_set():
            self._thread = threading.Thread(target=self._run, name="sandbox-webhooks", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop; what was not sent stays in the store."""
        self._closed.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_TIMEOUT + 1)

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wake.clear()
            for number, event in self._due():
                if self._closed.is_set():
                    return
                self._try(number, event)
            self._wake.wait(self._nap())

    def _due(self) -> list[tuple[str, Record]]:
        """Events whose moment has come. Behind the lock nothing is seen that may still be undone."""
        now = time.monotonic()
        with self._engage.lock:
            events = dict(self._engage.store.all("event"))
        self._waiting = {
            event["id"]: one for event in events.values() if (one := self._waiting.get(event["id"]))
        }
        return [
            (number, event)
            for number, event in events.items()
            if event["id"] not in self._waiting or self._waiting[event["id"]].due <= now
        ]

    def _nap(self) -> float | None:
        """Until the next try; for ever where none waits."""
        dues = [one.due for one in self._waiting.values()]
        return max(0.0, min(dues) - time.monotonic()) if dues else None

    def _try(self, number: str, event: Record) -> None:
        settings = self._engage.settings
        status = _posted(settings.webhook_url, settings.webhook_secret, event)
        is_taken = 200 <= status < 300  # noqa: PLR2004
        tries = self._waiting[event["id"]].tries + 1 if event["id"] in self._waiting else 1
        if not is_taken and tries < len(WAITS):
            self._waiting[event["id"]] = _Waiting(tries, time.monotonic() + WAITS[tries])
            return
        self._waiting.pop(event["id"], None)
        with self._engage.lock:
            self._engage.store.remove("event", number)
            if not is_taken:
                said = f"answered {status}" if status else "did not answer"
                self._engage.note("error", f"Webhook {event['kind']} given up: the receiver {said}")
            self._engage.store.commit()


def _posted(url: str, secret: str, event: Record) -> int:
    """The status of one try; 0 for no answer."""
    body = json.dumps(
        {
            "eventType": event["kind"],
            "id": event["id"],
            "isEncrypted": False,
            "payload": {"contactId": event["contactId"]},
            "tenant": _TENANT,
        }
    ).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "Svix-Webhooks/1 (sandbox)"}
    try:
        headers |= signed(secret, event["id"], int(time.time()), body)
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 - set by whoever runs the sandbox
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return 0
