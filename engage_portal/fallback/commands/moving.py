"""`upload`, `withdraw`, `watch` and `purge`: what becomes of files that exist."""

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet
from rich.text import Text

from engage_portal.core import clock
from engage_portal.fallback.commands.bar import uploading
from engage_portal.fallback.commands.files import file_body, file_rows, numbered
from engage_portal.fallback.dropbox import DropboxError, Step
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.forgetting import forget_old, leaving
from engage_portal.fallback.spool.picking import THERE, watch
from engage_portal.fallback.spool.uploading import upload_due
from engage_portal.fallback.spool.withdrawing import (
    at_home,
    left_because,
    not_uploaded,
)
from engage_portal.fallback.spool.withdrawing import withdraw as take_back
from engage_portal.fallback.words import files_in_words
from engage_portal.outbox.commands.arguments import BAD_USAGE, add_by, line, whole
from engage_portal.outbox.commands.speaking import Action, Answer, Options, Terminal
from engage_portal.outbox.commands.stopping import told_to_stop
from engage_portal.outbox.commands.words import plain

State = SpoolFile.State
_DONE_WITH = (State.UPLOADED, State.PICKED_UP, State.WITHDRAWN)
"""Where a file is that `upload` has nothing more to do about."""


def upload(options: Options, terminal: Terminal) -> Answer:
    """Upload what is ready, now, each type in order, also what failed a moment ago."""
    ready = SpoolFile.objects.filter(state=State.READY).order_by("number")
    if options["dry_run"]:
        return _would(ready, "would be uploaded")
    ready.update(not_before=clock.now())
    before = list(ready.values_list("pk", flat=True))
    with told_to_stop() as told, uploading(terminal) as seen:
        done = upload_due(is_over=told.is_set, by=options["by"], progress=seen)
    left = SpoolFile.objects.filter(pk__in=before).exclude(state__in=_DONE_WITH).order_by("number").first()
    trouble = "" if left is None else _why_not_uploaded(left, is_stopped=told.is_set())
    lines = [Text(f"{files_in_words(done)} uploaded.")]
    if back := SpoolFile.objects.filter(pk__in=before, state=State.WITHDRAWN).count():
        lines.append(Text(f"{files_in_words(back)} withdrawn, since Engage's API is back (SPOOL_WITHDRAW)."))
    return Answer({"uploaded": done, "withdrawn": back, "message": trouble}, lines, trouble=trouble)


def _why_not_uploaded(file: SpoolFile, *, is_stopped: bool) -> str:
    if file.problem:
        return f"File {file.pk}: {file.problem}"
    if file.state == State.WRITING:
        return f"File {file.pk} did not lie here as it was written: it is written anew."
    return f"Stopped before file {file.pk}." if is_stopped else "Somebody else is uploading."


def withdraw(options: Options, terminal: Terminal) -> Answer:
    """Take files back that have not left."""
    if bool(options["numbers"]) == options["wants_all"]:
        raise CommandError("Say which files: numbers, or --all.", returncode=BAD_USAGE)
    files = not_uploaded() if options["wants_all"] else numbered(options["numbers"])
    if options["dry_run"]:
        return _would(files.filter(pk__in=at_home().values("pk")), "would be withdrawn")
    found = list(files)
    if not found:
        return Answer(
            {"withdrawn": [], "left": [], "message": ""}, [Text("There is no file that has not left.")]
        )
    if len(found) > 1 and not options["yes"]:
        terminal.must_agree(f"Withdraw {files_in_words(len(found))}?")
    back = [file for file in found if take_back(file, by=options["by"], reason=options["reason"] or "")]
    left = {file.pk: left_because(file) for file in found if file not in back}
    trouble = " ".join(f"File {number} was left as it is: {why}." for number, why in left.items())
    document = {
        "withdrawn": [file.pk for file in back],
        "left": [{"number": number, "why": why} for number, why in left.items()],
        "message": trouble,
    }
    return Answer(document, [Text(f"{files_in_words(len(back))} withdrawn.")], trouble=trouble)


def look(options: Options, _terminal: Terminal) -> Answer:
    """See which files Engage has taken."""
    there = SpoolFile.objects.filter(state__in=THERE, step=Step.DONE).order_by("number")
    if options["dry_run"]:
        return _would(there, "would be looked for")
    try:
        gone = watch(by=options["by"])
    except DropboxError as trouble:
        raise CommandError(str(trouble)) from None
    left = list(there)
    told = Text(f"{files_in_words(gone)} picked up.")
    document = {"pickedUp": gone, "left": [file_body(file) for file in left]}
    return Answer(document, [told, file_rows(left)] if left else [told])


def purge(options: Options, _terminal: Terminal) -> Answer:
    """Delete what has lain in the spool folder for too long, and what belongs to no file."""
    if options["dry_run"]:
        found = leaving()
        strays = [path.name for path in found.strays]
        told = Text(f"{files_in_words(found.count)} would be deleted here.")
        document = {"files": [file_body(file) for file in found.files], "strays": strays}
        rows = [file_rows(found.files)] if found.files else []
        return Answer(document, [*rows, *map(plain, strays), told])
    gone = forget_old()
    return Answer({"deleted": gone}, [Text(f"{files_in_words(gone)} deleted from the spool folder.")])


def _would(files: QuerySet[SpoolFile], words: str) -> Answer:
    found = list(files[:1000])
    told = Text(f"{files_in_words(len(found))} {words}.")
    document = {"files": [file_body(file) for file in found]}
    return Answer(document, [file_rows(found), told] if found else [told])


def _dry(parser: CommandParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only show what it would be about")


def _dry_and_by(parser: CommandParser) -> None:
    _dry(parser)
    add_by(parser)


def _withdraw_arguments(parser: CommandParser) -> None:
    parser.add_argument("numbers", nargs="*", type=whole(1), metavar="NUMBER", help="a file's number")
    parser.add_argument("--all", action="store_true", dest="wants_all", help="every file that has not left")
    parser.add_argument("--reason", type=line(), help="why; it stays in the file's story")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    _dry_and_by(parser)


ACTIONS = (
    Action(
        "upload",
        "Uploads the files that are ready, each type in order, also those whose last try has just failed.",
        "manage.py spool upload",
        _dry_and_by,
        upload,
    ),
    Action(
        "withdraw",
        "Takes files back that have not been uploaded: what is in them waits again, for the API or another file.",
        "manage.py spool withdraw 17 18",
        _withdraw_arguments,
        withdraw,
    ),
    Action(
        "watch",
        "Looks which files Engage has taken; what was in them is accepted then.",
        "manage.py spool watch",
        _dry_and_by,
        look,
    ),
    Action(
        "purge",
        "Deletes files that have lain in the spool folder for too long (SPOOL_KEEP_HOURS), and what a crash left.",
        "manage.py spool purge --dry-run",
        _dry,
        purge,
    ),
)
