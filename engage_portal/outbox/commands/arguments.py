"""The arguments that subcommands share, and the items that they name."""

import getpass
import os
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet

from engage_portal.outbox.commands.speaking import Options
from engage_portal.outbox.filters import ItemFilter
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import kinds
from engage_portal.outbox.selectors import items
from engage_portal.outbox.states import State

BAD_USAGE = 2
_FILTERS = ("state", "kind", "store", "outage", "text")
_MOST_DIGITS = 18
_MOST_NUMBERS = 1000


def add_filters(parser: CommandParser) -> None:
    """The screen's filters, and numbers."""
    parser.add_argument("numbers", nargs="*", type=whole(1), metavar="NUMBER", help="an item's number")
    parser.add_argument(
        "--state",
        action="append",
        type=line(),
        default=[],
        help=f"may be repeated: {', '.join(State.values)}",
    )
    add_part(parser)
    parser.add_argument(
        "--outage", type=whole(1), metavar="OUTAGE", help="what was kept in it; `outages` has the numbers"
    )
    parser.add_argument("--text", type=line(), help="a number, the beginning of a reference, or a reason")


def add_part(parser: CommandParser) -> None:
    """A kind and a store."""
    known = ", ".join(handler.kind for handler in kinds())
    parser.add_argument("--kind", type=line(), help=f"one of {known}")
    parser.add_argument("--store", type=line(most=100), help="externalId of a store")


def add_by(parser: CommandParser) -> None:
    """Who wants it: kept in the story."""
    parser.add_argument(
        "--by", type=line(most=150), default=_operator(), help="kept in the story (%(default)s)"
    )


def add_yes(parser: CommandParser) -> None:
    """What makes a wish about many items possible."""
    parser.add_argument("--all", action="store_true", dest="wants_all", help="every item, without a filter")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def whole(least: int, most: int = 10**_MOST_DIGITS) -> Callable[[str], int]:
    """Reads a whole number between two others."""

    def read(text: str) -> int:
        is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
        if not is_number or not least <= int(text) <= most:
            limits = f"from {least} to {most}" if most < 10**_MOST_DIGITS else f"from {least} on"
            raise ArgumentTypeError(f"“{text}” is not a whole number {limits}")
        return int(text)

    return read


def line(*, most: int = 300) -> Callable[[str], str]:
    """Reads one line of text. An empty one is refused: a variable that is not set must not mean “all”."""

    def read(text: str) -> str:
        found = text.strip()
        if not found:
            raise ArgumentTypeError("it is empty")
        if len(found) > most or not found.isprintable():
            raise ArgumentTypeError(f"it has to be one line of at most {most} characters")
        return found

    return read


def names_something(options: Options) -> bool:
    """Whether a number or a filter was given."""
    return bool(options["numbers"]) or any(options[name] for name in _FILTERS)


def chosen(options: Options) -> QuerySet[Item]:
    """The items that numbers and filters name, newest first. Raises CommandError for a senseless filter."""
    if len(options["numbers"]) > _MOST_NUMBERS:
        raise CommandError(f"Name at most {_MOST_NUMBERS} numbers, or use a filter.", returncode=BAD_USAGE)
    given = {name: options[name] for name in _FILTERS if options[name]}
    found = ItemFilter(given, queryset=items())
    if not found.is_valid():
        raise CommandError(_refusal(found, given), returncode=BAD_USAGE)
    narrowed: QuerySet[Item] = found.qs
    return narrowed.filter(pk__in=options["numbers"]) if options["numbers"] else narrowed


def check_kind(options: Options) -> None:
    """Refuse a kind that nobody registered, in the words that a filter has for it."""
    chosen({"numbers": (), **dict.fromkeys(_FILTERS), "kind": options["kind"]})


def _refusal(found: Any, given: Options) -> str:
    """Which value is not one of its option's choices. Texts cannot be wrong: `line` has read them."""
    name = next(iter(found.errors))
    known = [str(value) for value, _ in found.form.fields[name].choices if value]
    values = given[name] if isinstance(given[name], list) else [given[name]]
    wrong = next(value for value in values if value not in known)
    return f"--{name}: there is no {name} “{wrong}”; choose from {', '.join(known)}."


def _operator() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        name = f"user {os.getuid()}"
    return f"{name} (command line)"
