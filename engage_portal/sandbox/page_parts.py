"""Pieces of HTML that the parts of the page share."""

from collections.abc import Sequence
from datetime import datetime

from engage_portal.sandbox.state import TENANT_ZONE

_BUTTON = '<form method="post" action="{action}">{fields}<button class="{style}">{words}</button></form>'


def clock_time(moment: datetime) -> str:
    """A time for people, with the date when it is not today's."""
    local = moment.astimezone(TENANT_ZONE)
    return f'<time datetime="{local.isoformat(timespec="seconds")}">{local:%H:%M:%S}</time>'


def section(title: str, content: str) -> str:
    """A part of the page with its heading."""
    return f"<section><h2>{title}</h2>{content}</section>"


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table whose cells (HTML) carry their heading, so that a phone can show each row as a card."""
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(
        "<tr>"
        + "".join(f'<td data-label="{name}">{cell}</td>' for name, cell in zip(heads, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def button(action: str, words: str, style: str, **fields: str) -> str:
    """A form that is only a button."""
    hidden = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
    return _BUTTON.format(action=action, fields=hidden, style=style, words=words)
