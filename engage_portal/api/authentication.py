"""The header `apikey`, as Engage has it, with keys that this portal issues."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from engage_portal.api.models import ApiKey
from engage_portal.core import clock

_NOTE_USE_EVERY = timedelta(minutes=5)


class ApiKeyAuthentication(TokenAuthentication):
    """knox's hashed keys (compared in constant time) in Engage's header."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        """The integration's service user and its key; None without the header."""
        token = request.headers.get("apikey", "").strip()
        if not token:
            return None
        user, key = self.authenticate_credentials(token.encode())  # type: ignore[no-untyped-call]
        if key.revoked_at is not None:
            raise AuthenticationFailed("This API key was revoked.")
        _note_use(key)
        return user, key

    def _cleanup_token(self, auth_token: ApiKey) -> bool:
        """Whether the key is over. knox would look at all keys of the user with every call; ours stay, as history."""
        return auth_token.expiry is not None and auth_token.expiry < clock.now()

    def authenticate_header(self, _request: Request) -> str:
        """The scheme for `WWW-Authenticate`, which makes a missing key a 401."""
        return "apikey"


def _note_use(key: ApiKey) -> None:
    """Remember when a key was used last, to the nearest minutes: not one write per call."""
    now = clock.now()
    if key.last_used_at is None or now - key.last_used_at > _NOTE_USE_EVERY:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - _NOTE_USE_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the header."""

    target_class = "engage_portal.api.authentication.ApiKeyAuthentication"
    name = "apikey"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, str]:
        """An API key in a header."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "apikey",
            "description": "A key issued by this portal.",
        }
