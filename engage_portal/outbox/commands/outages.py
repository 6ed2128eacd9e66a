"""`outages`: when Engage was away, and what was kept meanwhile."""

from django.core.management.base import CommandParser
from rich.text import Text

from engage_portal.outbox.bodies import outage_body
from engage_portal.outbox.commands.arguments import whole
from engage_portal.outbox.commands.speaking import Action, Answer, Options, Terminal
from engage_portal.outbox.commands.tables import Rows
from engage_portal.outbox.commands.words import moment, plain
from engage_portal.outbox.line.outages import emptied_at, kept_in, newest
from engage_portal.outbox.models import Outage
from engage_portal.outbox.words import lasted

_MOST = 100


def outages(options: Options, _terminal: Terminal) -> Answer:
    """The last outages. What is not counted yet is counted here for the newest of them only."""
    found = list(newest()[: options["limit"]])
    if found and found[0].kept is None:
        kept = kept_in(found[0])
        found[0].kept, found[0].emptied_at = kept.by_kind, emptied_at(found[0], kept)
    document = {"outages": [outage_body(outage) for outage in found]}
    if not found:
        return Answer(document, note="Engage has not been away.")
    return Answer(document, [Rows(_TITLES, [_row(outage) for outage in found], elastic=("Why",))])


_TITLES = ("Number", "Began", "Lasted", "Kept", "Empty again", "Why")


def _row(outage: Outage) -> tuple[Text, ...]:
    kept = "" if outage.kept is None else str(sum(outage.kept.values()))
    length = lasted(outage).replace("\N{NO-BREAK SPACE}", " ")
    return (
        Text(str(outage.pk), justify="right"),
        Text(moment(outage.began_at)),
        Text(f"{length} so far", style="bold red") if outage.is_running else Text(length),
        Text(kept, justify="right"),
        Text(moment(outage.emptied_at)),
        plain(
            f"{outage.get_cause_display()}: {outage.error}" if outage.error else outage.get_cause_display()
        ),
    )


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("--limit", type=whole(1, _MOST), default=10, help=f"how many, at most {_MOST} (10)")


ACTIONS = (
    Action(
        "outages",
        "Lists the last outages of Engage, newest first, with what was kept in each.",
        "manage.py outbox outages --limit 3",
        _arguments,
        outages,
    ),
)
