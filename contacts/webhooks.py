"""`POST /api/portal/v1/webhooks/engage`: Engage says that a contact changed.

Engage sends through Svix, whose signature is the only authentication [developer.voyado.com/docs/webhooks/webhooks]:
HMAC-SHA256 over id, timestamp and body, compared by Svix's own library, which refuses what is older than five minutes.
Nothing in an event is kept but the contact's id: the data comes from Engage itself, fetched by a worker.
"""

import hashlib
import re
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import APIException, ParseError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from standardwebhooks import Webhook, WebhookVerificationError

from contacts.following import noting
from contacts.following.listed import take_deleted, take_news
from contacts.following.waking import wake_on_commit
from engage_portal.api.parsers import BoundedParser
from engage_portal.api.schema import ERROR
from engage_portal.api.views import EngageView
from engage_portal.core.ids import EngageContactId, parse_guid
from engage_portal.engage.wire import Unreadable, decode, member, text, truth

log = structlog.get_logger(__name__)

_LARGEST = 256 * 1024
_A_DAY, _AN_HOUR = 86_400, 3600
_HEADERS = ("id", "timestamp", "signature")
_CHANGED = re.compile(r"contact\.(created|updated|accepts\w+\.changed|consent\.changed)", re.IGNORECASE)
_DELETED = "contact.deleted"
_ID_NAMES = ("contactId", "id")

_ABOUT = (
    "For Engage's webhooks (Svix). There is no API key: the signature is checked with `ENGAGE_WEBHOOK_SECRET`, and an "
    "event may be at most five minutes old. An event that comes twice is taken once. 204: taken, or of a kind that "
    "this portal does not follow; 404: no secret is set."
)


class ForgedError(APIException):
    """Not signed with our secret, or too old."""

    status_code = 401
    default_detail = "The signature does not fit, or the event is too old."
    default_code = "InvalidSignature"


class AnyBodyParser(BoundedParser):
    """The bytes themselves, whatever they claim to be: first the signature is checked."""

    media_type = "*/*"
    largest = _LARGEST


class EngageWebhook(EngageView):
    """`POST /api/portal/v1/webhooks/engage`."""

    authentication_classes = []
    permission_classes = [AllowAny]
    parser_classes = [AnyBodyParser]

    @extend_schema(
        operation_id="engageWebhook",
        tags=["portal"],
        description=_ABOUT,
        auth=[{"svix": []}],  # type: ignore[list-item]  # what it takes, whatever it declares
        parameters=[
            OpenApiParameter(f"svix-{name}", str, OpenApiParameter.HEADER, required=True) for name in _HEADERS
        ],
        request={
            "application/json": {
                "type": "object",
                "required": ["eventType", "payload"],
                "properties": {
                    "eventType": {"type": "string", "example": "contact.updated"},
                    "id": {"type": "string"},
                    "isEncrypted": {"type": "boolean"},
                    "payload": {"type": "object", "additionalProperties": True},
                    "tenant": {"type": "string"},
                },
            }
        },
        responses={204: None, 400: ERROR, 401: ERROR, 404: ERROR, 413: ERROR},
    )
    def post(self, request: Request) -> Response:
        """Take an event. Engage is not called here: a worker fetches what changed."""
        if not settings.ENGAGE_WEBHOOK_SECRET:
            raise Http404
        data: Any = request.data
        body: bytes = data.get("body", b"")
        event_id, sent_at = _verified(request, body)
        seen = f"contacts:webhook:{hashlib.sha256(event_id.encode()).hexdigest()}"
        if cache.get(seen) is None:
            _take(body, sent_at)
            # Only now: what failed on the way may come again.
            cache.set(seen, 1, _A_DAY)
        return Response(status=204)


def _verified(request: Request, body: bytes) -> tuple[str, datetime]:
    """The event's id and when it was sent. Raises ParseError and ForgedError."""
    # Svix has headers of its own names beside the standard's, whose library this is.
    said = {
        name: request.headers.get(f"svix-{name}") or request.headers.get(f"webhook-{name}") or ""
        for name in _HEADERS
    }
    if not all(said.values()):
        raise ParseError("A header is missing: svix-id, svix-timestamp and svix-signature are needed.")
    try:
        sent_at = datetime.fromtimestamp(float(said["timestamp"]), tz=UTC)
        body.decode()
    except (ValueError, OverflowError, OSError):
        raise ParseError("The event cannot be read.") from None
    try:
        signed = {f"webhook-{name}": value for name, value in said.items()}
        Webhook(settings.ENGAGE_WEBHOOK_SECRET).verify(body, signed, json_parse=False)
    except (WebhookVerificationError, ValueError):  # a signature that is no base64 is a ValueError
        raise ForgedError from None
    return said["id"], sent_at


def _take(body: bytes, sent_at: datetime) -> None:
    """Note or forget the contact that an event is about. May run twice. Raises ParseError, without a trace of data."""
    try:
        event = decode(body)
    except Unreadable:
        _unreadable()
    kind = text(event, "eventType") or _unreadable()
    is_deletion = kind.lower() == _DELETED
    if not is_deletion and not _CHANGED.fullmatch(kind):
        return
    if truth(event, "isEncrypted"):
        _cannot_decrypt()
        return
    engage_id = _contact_in(member(event, "payload"))
    with transaction.atomic():
        if is_deletion:
            name = EngageContactId(str(engage_id))
            _, noted = take_deleted([name], end=sent_at, reason=noting.WEBHOOK)
        else:
            noted = int(take_news(engage_id))
        if noted:
            wake_on_commit()


def _contact_in(payload: Any) -> UUID:
    """The contact's id. Payloads of contact events are not published, and others come in PascalCase."""
    for name in _ID_NAMES:
        guid = parse_guid((text(payload, name) or "").strip())
        if guid is not None:
            return guid
    return _unreadable()


def _unreadable() -> NoReturn:
    raise ParseError("The event cannot be read.")


def _cannot_decrypt() -> None:
    """An encrypted payload would never become readable, so it is not asked for again; the lists of changes have it."""
    if cache.add("contacts:webhook:encrypted", 1, _AN_HOUR):
        log.error(
            "engage's webhooks are encrypted and cannot be read: switch payload encryption off for this endpoint; "
            "until then contacts are followed by the list of changes only"
        )
