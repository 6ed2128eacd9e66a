"""`retry` and `cancel`: what people do with items, after a look at how many they mean."""

from collections.abc import Collection

from django.core.management.base import CommandError, CommandParser
from django.db.models import Count, Max, QuerySet
from rich.text import Text

from engage_portal.outbox import control
from engage_portal.outbox.commands.arguments import (
    add_by,
    add_filters,
    add_yes,
    chosen,
    line,
    names_something,
)
from engage_portal.outbox.commands.speaking import Action, Answer, Options, Terminal
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.outbox.words import items_in_words


def retry(options: Options, terminal: Terminal) -> Answer:
    """Send items again."""
    items = _meant(options, control.RETRYABLE, "Send {} again?", terminal)
    done = control.retry(items=items, by=options["by"])
    document = {
        "queued": done.queued,
        "alreadySending": done.already_sending,
        "gone": done.gone,
        "paused": done.paused,
    }
    return Answer({**document, "message": str(done)}, [Text(str(done))])


def cancel(options: Options, terminal: Terminal) -> Answer:
    """Give items up."""
    items = _meant(options, control.CANCELLABLE, "Give {} up for ever?", terminal)
    done = control.cancel(items=items, by=options["by"], reason=options["reason"])
    document = {"cancelled": done.cancelled, "onTheirWay": done.on_their_way, "gone": done.gone}
    return Answer({**document, "message": str(done)}, [Text(str(done))])


def _meant(options: Options, movable: Collection[State], question: str, terminal: Terminal) -> QuerySet[Item]:
    """The items that may be touched: counted, and agreed to where they are several. Raises CommandError."""
    if not names_something(options) and not options["wants_all"]:
        raise CommandError("Say which items: numbers, a filter (--state, --kind, --store, --text), or --all.")
    items = chosen(options)
    if options["numbers"]:
        _check_they_exist(options["numbers"])
    else:
        items = items.filter(state__in=movable)
    found = items.aggregate(number=Count("pk"), newest=Max("pk"))
    if found["number"] > 1 and not options["yes"]:
        terminal.must_agree(question.format(items_in_words(found["number"])))
    # What came in since the count was not agreed to.
    return items.filter(pk__lte=found["newest"] or 0)


def _check_they_exist(numbers: list[int]) -> None:
    known = set(Item.objects.filter(pk__in=numbers).values_list("pk", flat=True))
    unknown = [str(number) for number in numbers if number not in known]
    if unknown:
        raise CommandError(f"There is no item {', '.join(unknown)}. Nothing was changed.")


def _retry_arguments(parser: CommandParser) -> None:
    add_filters(parser)
    add_yes(parser)
    add_by(parser)


def _cancel_arguments(parser: CommandParser) -> None:
    _retry_arguments(parser)
    parser.add_argument(
        "--reason", type=line(), required=True, help="why; it stays in the story of each item"
    )


ACTIONS = (
    Action(
        "retry",
        "Sends items again: what needs attention starts anew, what waits for a later moment is due now.",
        "manage.py outbox retry --state attention --kind receipt.post",
        _retry_arguments,
        retry,
    ),
    Action(
        "cancel",
        "Gives items up for ever. What may have reached Engage already is left alone.",
        'manage.py outbox cancel 4711 4712 --reason "sold twice by mistake"',
        _cancel_arguments,
        cancel,
    ),
)
