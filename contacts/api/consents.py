"""The consents that the tenant asks for, with their words."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.services.consents import Consent, consents_current
from engage_portal.api.schema import CONSENT_TEXTS, ERRORS
from engage_portal.api.views import EngageView

_TEXTS = {"displayText": "display_text", "conditionText": "condition_text", "linkText": "link_text"}


class Consents(EngageView):
    """`GET /api/v3/consents`."""

    @extend_schema(operation_id="listConsents", tags=["contacts"], responses={200: CONSENT_TEXTS, **ERRORS})
    def get(self, request: Request) -> Response:
        """As Engage has them, kept for when it is away; `versions` is ours: name one as a consent's `textVersion`."""
        del request
        return Response([_body_of(consent) for consent in consents_current(deadline=self.deadline)])


def _body_of(consent: Consent) -> dict[str, Any]:
    return {
        "id": consent.id,
        "name": consent.name,
        "metaData": {
            name: {text.language: getattr(text, column) for text in consent.texts if getattr(text, column)}
            for name, column in _TEXTS.items()
        },
        "versions": {text.language: text.version for text in consent.texts},
    }
