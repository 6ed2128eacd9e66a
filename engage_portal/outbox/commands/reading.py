"""`stats`, `list` and `show`: how things stand."""

from django.core.management.base import CommandError, CommandParser
from rich.text import Text

from engage_portal.core import clock
from engage_portal.outbox import pauses
from engage_portal.outbox.bodies import detail_body, iso, item_body, line_body, pause_body
from engage_portal.outbox.commands.arguments import add_filters, chosen, whole
from engage_portal.outbox.commands.speaking import Action, Answer, Options, Terminal
from engage_portal.outbox.commands.tables import Facts, Rows
from engage_portal.outbox.commands.words import (
    age,
    moment,
    one_line,
    plain,
    state_text,
    tone_text,
)
from engage_portal.outbox.line.breaker import LineStatus
from engage_portal.outbox.models import Item, Pause
from engage_portal.outbox.selectors import Dashboard, ItemDetail, dashboard, item_detail
from engage_portal.outbox.states import CLAIMABLE, State
from engage_portal.outbox.words import next_step_of, pause_over, scope

_MOST = 500


def stats(_options: Options, _terminal: Terminal) -> Answer:
    """The dashboard in words."""
    board, running = dashboard(), list(pauses.running())
    document = {
        "engage": line_body(board.line),
        "worker": {"isAlive": board.worker_alive, "seenAt": iso(board.worker_seen_at)},
        "pauses": [pause_body(pause) for pause in running],
        "outbox": {
            "waiting": board.waiting,
            "attention": board.attention,
            "states": {state.value: board.counts.get(state, 0) for state in State},
            "kinds": [
                {"kind": each.kind, "waiting": each.waiting, "attention": each.attention}
                for each in board.by_kind
            ],
        },
        "oldestWaiting": item_body(board.oldest_waiting) if board.oldest_waiting else None,
    }
    return Answer(document, [_overview(board, running), _by_state(board), *_by_kind(board)])


def list_items(options: Options, _terminal: Terminal) -> Answer:
    """A page of the queue."""
    found, offset = chosen(options), options["offset"]
    total, page = found.count(), list(found[offset : offset + options["limit"]])
    document = {
        "items": [item_body(item) for item in page],
        "totalCount": total,
        "offset": offset,
        "count": len(page),
    }
    if not page:
        return Answer(document, note="No item is like that." if not total else f"There are only {total}.")
    more = total - offset - len(page)
    note = f"{more} more: --offset {offset + len(page)}" if more else ""
    return Answer(document, [_item_rows(page)], note)


def show(options: Options, _terminal: Terminal) -> Answer:
    """One item with its story."""
    try:
        detail = item_detail(options["number"])
    except Item.DoesNotExist:
        raise CommandError(f"There is no item {options['number']}.") from None
    pause = pause_over(detail.item, pauses.current())
    next_step = next_step_of(detail, pause=pause)
    facts = _item_facts(detail.item, next_step, pause)
    return Answer(detail_body(detail, next_step=next_step), [facts, _story(detail)])


def _overview(board: Dashboard, running: list[Pause]) -> Facts:
    seen = age(board.worker_seen_at) if board.worker_seen_at else "never"
    alive = Text(f"alive, seen {seen}", style="green")
    oldest = board.oldest_waiting
    facts = [
        ("Engage", _line(board.line)),
        ("Worker", alive if board.worker_alive else Text(f"not running, seen {seen}", style="bold red")),
        *[("Paused", _pause(pause)) for pause in running],
        ("Oldest waiting", plain(f"#{oldest.pk} {oldest.kind}, {age(oldest.created_at)}" if oldest else "–")),
    ]
    return Facts(_headline(board), facts)


def _headline(board: Dashboard) -> Text:
    waiting = Text(f"{board.waiting} waiting", style="bold yellow" if board.waiting else "bold green")
    attention = Text(f"{board.attention} in attention", style="bold red" if board.attention else "dim")
    return Text(" · ").join([waiting, attention])


def _line(line: LineStatus) -> Text:
    answer = f"last answer {age(line.last_answer_at)}" if line.last_answer_at else "no answer yet"
    if line.is_up:
        return Text.assemble(("up", "green"), f", {answer}")
    is_due = line.next_try_at is None or line.next_try_at <= clock.now()
    parts = [answer, "next try due" if is_due else f"next try {moment(line.next_try_at)}", line.last_error]
    down = Text(f"down since {moment(line.down_since)}", style="bold red")
    return Text.assemble(down, plain("".join(f", {part}" for part in parts if part)))


def _pause(pause: Pause) -> Text:
    since = f"since {moment(pause.started_at)} by {pause.started_by}"
    return Text.assemble(plain(scope(pause), "yellow"), plain(f", {since}: {pause.reason}"))


def _by_state(board: Dashboard) -> Rows:
    shown = [state for state in State if board.counts.get(state)] or [State.PENDING]
    rows = [(state_text(state), Text(str(board.counts.get(state, 0)), justify="right")) for state in shown]
    return Rows(("State", "Items"), rows)


def _by_kind(board: Dashboard) -> list[Rows]:
    rows = [
        (
            plain(each.kind),
            Text(str(each.waiting), justify="right"),
            Text(str(each.attention), justify="right", style="red" if each.attention else "dim"),
        )
        for each in board.by_kind
    ]
    return [Rows(("Kind", "Waiting", "Attention"), rows)] if rows else []


def _item_rows(page: list[Item]) -> Rows:
    titles = ("Number", "State", "Kind", "Store", "Reference", "Created", "Reason")
    rows = [
        (
            Text(str(item.pk), justify="right"),
            state_text(item.state),
            plain(item.kind),
            plain(item.store),
            one_line(item.reference),
            Text(moment(item.created_at)[:-3]),
            one_line(item.reason),
        )
        for item in page
    ]
    return Rows(titles, rows, elastic=("Reference", "Reason"), expendable=("Created",))


def _item_facts(item: Item, next_step: str, pause: Pause | None) -> Facts:
    reason = f"{item.reason} ({item.reason_code})" if item.reason_code else item.reason
    facts = [
        ("Reference", item.reference),
        ("Store", item.store),
        ("Created", f"{moment(item.created_at)}, {age(item.created_at)}"),
        ("Tries", str(item.tries)),
        ("Finished", moment(item.finished_at)),
        ("Reason", reason),
        ("Next", next_step),
        ("Next try", moment(item.not_before) if _waits_for_its_time(item, pause) else ""),
    ]
    heading = Text.assemble((f"#{item.pk} ", "bold"), plain(item.kind, "bold"), " · ", state_text(item.state))
    paused = [("Paused", _pause(pause))] if pause else []
    return Facts(heading, [*((name, plain(value)) for name, value in facts if value), *paused])


def _waits_for_its_time(item: Item, pause: Pause | None) -> bool:
    return item.state in CLAIMABLE and pause is None and item.not_before > clock.now()


def _story(detail: ItemDetail) -> Rows:
    rows = [
        (
            Text(moment(entry.at), style="dim"),
            Text("" if entry.duration_ms is None else f"{entry.duration_ms} ms", justify="right"),
            tone_text(f"{entry.title} ({entry.via})" if entry.via else entry.title, entry.tone),
            plain(entry.detail),
        )
        for entry in detail.timeline
    ]
    return Rows(("When", "Took", "What", "Detail"), rows, elastic=("Detail",))


def _list_arguments(parser: CommandParser) -> None:
    add_filters(parser)
    parser.add_argument("--limit", type=whole(1, _MOST), default=20, help=f"how many, at most {_MOST} (20)")
    parser.add_argument("--offset", type=whole(0), default=0, help="how many to leave out (0)")


def _show_arguments(parser: CommandParser) -> None:
    parser.add_argument("number", type=whole(1), metavar="NUMBER", help="the item's number")


ACTIONS = (
    Action(
        "stats",
        "Tells how the line to Engage, the worker and the queue stand.",
        "manage.py outbox stats --json | jq .outbox.waiting",
        lambda _parser: None,
        stats,
    ),
    Action(
        "list",
        "Lists items, newest first, a page at a time; tab-separated where it is not a terminal.",
        "manage.py outbox list --state attention --state in_doubt --store 101",
        _list_arguments,
        list_items,
    ),
    Action(
        "show",
        "Shows one item, what it waits for, and everything that happened to it.",
        "manage.py outbox show 4711",
        _show_arguments,
        show,
    ),
)
