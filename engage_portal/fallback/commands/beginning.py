"""`plan`, `write` and `list`: what would go in files, putting it there, and what there is."""

from django.core.management.base import CommandError, CommandParser
from rich.text import Text

from engage_portal.fallback.commands.bar import working
from engage_portal.fallback.commands.files import file_body, file_rows
from engage_portal.fallback.models import ENDED, SpoolFile
from engage_portal.fallback.spool.claiming import Claimed
from engage_portal.fallback.spool.planning import Plan, plan
from engage_portal.fallback.spool.starting import start_in_slices
from engage_portal.fallback.spool.writing import write_next
from engage_portal.fallback.words import folder_trouble, goes_in_words, portions_in_words, ways_in_words
from engage_portal.outbox.commands.arguments import add_by, whole
from engage_portal.outbox.commands.speaking import Action, Answer, Options, Terminal
from engage_portal.outbox.commands.tables import Rows
from engage_portal.outbox.commands.words import plain
from engage_portal.outbox.words import items_in_words

_TITLES = ("Kind", "Waiting", "Way")
_FILE_TITLES = ("Type of file", "Records share", "Items", "Files")


def show_plan(_options: Options, _terminal: Terminal) -> Answer:
    """What waits, and the ways that it could go."""
    return _told(plan())


def write(options: Options, terminal: Terminal) -> Answer:
    """Put what waits into files and write them, and what was begun and not written; the worker uploads them, or
    `spool upload`.
    """
    wanted = plan()
    if options["dry_run"]:
        return _told(wanted)
    if problem := folder_trouble():
        raise CommandError(problem)
    if wanted.by_file and not options["yes"]:
        terminal.must_agree(f"Put {items_in_words(wanted.by_file)} into files?")
    items, shown = 0, set[int]()
    with working(terminal, "Claiming and writing"):
        for claimed in start_in_slices(by=options["by"]) if wanted.by_file else [Claimed()]:
            items += claimed.items
            shown.update(file.pk for file in (*claimed.files, *iter(write_next, None)))
    if not wanted.by_file and not shown:
        return _told(wanted)
    files = list(SpoolFile.objects.filter(pk__in=shown).order_by("number"))
    trouble = next((file.problem for file in files if file.problem), "")
    document = {"items": items, "files": [file_body(file) for file in files], "message": trouble}
    return Answer(
        document, [file_rows(files)] if files else [Text("Nothing could go in a file.")], trouble=trouble
    )


def show_files(options: Options, _terminal: Terminal) -> Answer:
    """The newest files, or those that are on their way."""
    files = SpoolFile.objects.order_by("-number")
    if not options["wants_all"]:
        files = files.exclude(state__in=ENDED)
    shown = list(files[: options["limit"]])
    none = "No file has been written yet." if options["wants_all"] else "No file is on its way."
    return Answer(
        {"files": [file_body(file) for file in shown]}, [file_rows(shown)] if shown else [Text(none)]
    )


def _told(wanted: Plan) -> Answer:
    document = {
        "byFile": wanted.by_file,
        "stays": wanted.stays,
        "files": wanted.files,
        "apiSeconds": wanted.api_seconds,
        "bulkSeconds": wanted.bulk_seconds,
        "waiting": [
            {"kind": each.kind, "count": each.count, "byFile": each.goes_by_file} for each in wanted.waiting
        ],
        "portions": [
            {"type": each.file_type, "group": each.group, "items": each.items, "files": each.files}
            for each in wanted.portions
        ],
        "portionsAreAll": wanted.is_whole,
    }
    if not wanted.waiting:
        return Answer(document, [Text("Nothing waits: there is nothing to put into files.")])
    rows = [
        [
            plain(each.label),
            Text(str(each.count), justify="right"),
            plain("file" if each.goes_by_file else "API"),
        ]
        for each in wanted.waiting
    ]
    parts: list[Rows | Text] = [Rows(_TITLES, rows), Text(goes_in_words(wanted))]
    if wanted.portions:
        parts.append(_portion_rows(wanted))
    if not wanted.is_whole:
        parts.append(Text(portions_in_words()))
    return Answer(document, [*parts, Text(ways_in_words(wanted))])


def _portion_rows(wanted: Plan) -> Rows:
    return Rows(
        _FILE_TITLES,
        [
            [
                plain(each.label),
                plain(each.shared),
                Text(str(each.items), justify="right"),
                Text(str(each.files), justify="right"),
            ]
            for each in wanted.portions
        ],
    )


def _plan_arguments(parser: CommandParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="as without: a plan changes nothing")


def _write_arguments(parser: CommandParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only show the plan")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_by(parser)


def _list_arguments(parser: CommandParser) -> None:
    parser.add_argument("--all", action="store_true", dest="wants_all", help="also those that Engage took")
    parser.add_argument("--limit", type=whole(1, 1000), default=50, help="at most so many (%(default)s)")


ACTIONS = (
    Action(
        "plan",
        "Shows what waits, which of it could go in files, and how long the API would take for it. Changes nothing.",
        "manage.py spool plan",
        _plan_arguments,
        show_plan,
    ),
    Action(
        "write",
        "Puts what waits into files and writes them, and those that were begun before. From then on nothing of it goes "
        "by the API, unless the file is withdrawn. While the API stays away sales of people who signed up follow by "
        "themselves, with the worker, once Engage has taken the file with them.",
        "manage.py spool write --dry-run",
        _write_arguments,
        write,
    ),
    Action(
        "list",
        "Shows the files that are on their way.",
        "manage.py spool list --all --limit 200",
        _list_arguments,
        show_files,
    ),
)
