"""Logging for every process: one line per event, personal data masked, never a query string."""

import logging
import logging.config
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from engage_portal.core.masking import masked

_LONGEST = 8000
_KEPT = {"timestamp", "level", "logger", "event_id", "path", "duration_ms", "status"}


def mask_personal(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask personal data in every text of an event; runs after tracebacks became text, so it covers them too."""
    event.pop("request", None)  # Django adds the whole request, and with it the query
    for key, value in event.items():
        if key not in _KEPT:
            event[key] = _masked_value(value)
    return event


def _masked_value(value: Any) -> Any:
    """Numbers and yes or no as they are; everything else as masked text, whatever it is made of."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return masked(value if isinstance(value, str) else repr(value), keep=_LONGEST)


class OnlyFaults(logging.Filter):
    """Django's own word on a request counts where it carries a traceback; the rest stands in our request log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether something went wrong in our code, rather than a 503 on purpose."""
        return record.exc_info is not None


_LOGGERS: Mapping[str, Any] = {
    "django.server": {"handlers": [], "propagate": False},
    "django.request": {"level": "ERROR", "filters": ["faults"]},
    "django-q": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
    # Anybody can send any Host header; a line with a traceback for each would be theirs to write.
    "django.security.DisallowedHost": {"handlers": [], "propagate": False},
    "httpx": {"level": "WARNING"},
    "httpcore": {"level": "WARNING"},
    # It writes a traceback for whatever a server does; the dropbox says it in a sentence.
    "paramiko": {"level": "CRITICAL"},
}
"""What others may write."""


def logging_config(*, debug: bool, quiet: bool = False) -> None:
    """Configure structlog and the standard library's logging; safe to call twice. `quiet` logs warnings only."""
    first: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *first,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": _line_format(first, debug=debug)},
            "filters": {"faults": {"()": OnlyFaults}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": "WARNING" if quiet else "INFO"},
            "loggers": _LOGGERS,
        }
    )


def _line_format(first: list[Any], *, debug: bool) -> dict[str, Any]:
    """One line per event, ours or another library's: words for a developer, JSON for everybody else."""
    last: Any = structlog.dev.ConsoleRenderer(colors=False) if debug else structlog.processors.JSONRenderer()
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*first, structlog.stdlib.ExtraAdder()],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask_personal,
            last,
        ],
    }
