"""One answer for the till: who this is, what they may use, and what to say."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.models import Contact
from engage_portal.api.parsers import object_body
from engage_portal.api.schema import CHECKOUT, CHECKOUT_ASKED, ERRORS
from engage_portal.api.sentences import Situation, sentences
from engage_portal.api.views import EngageView, age_headers
from engage_portal.core.freshness import Freshness
from engage_portal.core.ids import parse_guid
from engage_portal.engage import FieldError, Identifier, IdentifierKind, Rejected
from engage_portal.outbox.line import breaker
from promotions.checkout import OFFERS, Checkout, checkout
from promotions.selectors import vouchers_for
from promotions.selectors.open_offers import open_offers
from promotions.selectors.till import OffersAtTill, offers_at_till
from promotions.services import CHANNELS

_LEVEL_WITH_CREATION = 4
_LONGEST = 254
_CONTACT_ID = "contactId"
_SHOWN = ("firstName", "lastName", "memberNumber")
_SOURCES = {Freshness.STALE: "offline"}


class CheckoutView(EngageView):
    """`POST /api/portal/v1/checkout`: an identifier never stands in an address."""

    @extend_schema(
        operation_id="checkout",
        tags=["portal"],
        request={"application/json": CHECKOUT_ASKED},
        responses={200: CHECKOUT, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        """Within the time budget, whatever Engage does; parts that miss it are marked, not waited for."""
        body = object_body(request)
        channel = _word(body, "channel", CHANNELS) or None
        found = checkout(
            identifier=_identifier(body),
            contact_type=_text(body, "contactType") or None,
            deadline=self.deadline,
        )
        headers = age_headers(found.freshness, found.fetched_at)
        language = _text(body, "language")
        is_away = not breaker.is_closed()
        answer = _answer(found, channel, language=language, store=self.key.store, is_away=is_away)
        answer["openOffers"] = open_offers(store=self.key.store, is_away=is_away, language=language)
        return Response(answer, headers=headers)


def _answer(
    found: Checkout, channel: str | None, *, language: str, store: str, is_away: bool
) -> dict[str, Any]:
    offers = OffersAtTill([], [])
    if found.contact is not None:
        offers = offers_at_till(
            found.contact, channel=channel, language=language, store=store, is_away=is_away
        )
    vouchers = vouchers_for(found.contact) if found.contact else []
    usable = [
        {**voucher.body, "text": voucher.text(language)} for voucher in vouchers if voucher.state.is_usable
    ]
    cashier, customer = sentences(_situation(found, offers), language)
    return {
        "contact": _shown(found.contact) if found.contact else None,
        "offers": offers.usable,
        "otherOffers": offers.others,
        "vouchers": usable,
        "source": _SOURCES.get(found.freshness, str(found.freshness)),
        "age": int(age_headers(found.freshness, found.fetched_at)["Age"]),
        "parts": {
            name: _SOURCES.get(read.freshness, str(read.freshness)) for name, read in found.parts.items()
        },
        "allowed": {
            "redeem": bool(offers.allowed or usable),
            "signUp": found.contact is None
            and (settings.ENGAGE_LEVEL >= _LEVEL_WITH_CREATION or not is_away),
        },
        "cashier": cashier,
        "customer": customer,
    }


def _situation(found: Checkout, offers: OffersAtTill) -> Situation:
    if found.contact is None:
        return Situation.NOBODY if found.is_known_nobody else Situation.UNKNOWN
    if found.parts[OFFERS].freshness is Freshness.NONE:
        return Situation.NO_OFFERS
    if offers.usable and not offers.allowed:
        return Situation.NOT_ON_TRUST
    return Situation.OLD if found.freshness in {Freshness.STALE, Freshness.NONE} else Situation.FOUND


def _shown(contact: Contact) -> dict[str, Any]:
    """What a till may see of somebody."""
    data = contact.data
    return {
        "id": contact.public_id,
        "contactType": contact.contact_type,
        **{name: data.get(name) or "" for name in _SHOWN},
    }


def _identifier(body: Mapping[str, Any]) -> Identifier | UUID:
    """The one identifier of a body. Raises Rejected that names what is wrong."""
    names = [_CONTACT_ID, *(str(kind) for kind in IdentifierKind)]
    given = {name: value for name in names if (value := _text(body, name))}
    if len(given) != 1:
        raise Rejected(
            f"Send exactly one of {', '.join(names)}.", status=400, error_code="InvalidSearchQuery"
        )
    ((name, value),) = given.items()
    if name != _CONTACT_ID:
        return Identifier(IdentifierKind(name), value)
    guid = parse_guid(value)
    if guid is None:
        raise Rejected("contactId must be a GUID.", status=400, error_code="InvalidContactId")
    return guid


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise _refused(name, f"must be a text of at most {_LONGEST} characters")
    return value.strip()


def _word(body: Mapping[str, Any], name: str, words: tuple[str, ...]) -> str:
    value = _text(body, name).upper()
    if value and value not in words:
        raise _refused(name, f"must be one of {', '.join(words)}")
    return value


def _refused(name: str, problem: str) -> Rejected:
    return Rejected(
        f"{name} {problem}.",
        status=422,
        error_code="ValidationError",
        field_errors=(FieldError(name, problem),),
    )
