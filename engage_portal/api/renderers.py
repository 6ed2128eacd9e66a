"""Answers as Engage writes them: JSON, money as numbers with their digits, nothing for no body."""

from collections.abc import Mapping
from typing import Any

import msgspec
from rest_framework.renderers import BaseRenderer

_encoder = msgspec.json.Encoder(decimal_format="number")


class EngageJSONRenderer(BaseRenderer):
    """JSON by msgspec."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The body's bytes; None has no body."""
        del accepted_media_type, renderer_context
        return b"" if data is None else _encoder.encode(data)
