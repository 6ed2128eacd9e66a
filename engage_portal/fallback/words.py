"""Words about files, for screens and the command line alike."""

from collections.abc import Mapping

from engage_portal.engage.xml import BadNamesError
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import folder
from engage_portal.fallback.spool.planning import LOOKED_AT, Plan
from engage_portal.outbox.words import items_in_words

_KIB = 1024
_MINUTE, _HOUR = 60, 3600


def size_in_words(size: int) -> str:
    """A number of bytes: 950 B, 12 KiB, 3.4 MiB."""
    if size < _KIB:
        return f"{size} B"
    kib = size / _KIB
    return f"{kib:.0f} KiB" if kib < _KIB else f"{kib / _KIB:.1f} MiB"


def files_in_words(number: int) -> str:
    """A number of files."""
    return "1 file" if number == 1 else f"{number:,} files"


def duration_in_words(seconds: int) -> str:
    """About how long something takes."""
    if seconds < _MINUTE:
        return f"{max(seconds, 1)} s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    return f"{seconds / _HOUR:.1f} h"


def goes_in_words(plan: Plan) -> str:
    """What of a plan could go in files now, and what the rest waits for."""
    waits = (
        "Sales of people who signed up in this outage follow by themselves once Engage has taken the file with them; "
        "the rest waits for the API."
    )
    if plan.by_file:
        goes = f"{items_in_words(plan.by_file)} could go in at least {files_in_words(plan.files)}."
        return f"{goes} {items_in_words(plan.stays)} cannot now. {waits}" if plan.stays else goes
    if any(each.goes_by_file for each in plan.waiting):
        return f"Nothing of it can go in a file now. {waits}"
    return "Nothing of it can go in a file: it waits for the API, or the file profile names no folder for it."


def ways_in_words(plan: Plan) -> str:
    """What the API would take, were it up."""
    by_calls = f"By the API it would take {duration_in_words(plan.api_seconds)} once it is back"
    if plan.bulk_seconds < plan.api_seconds:
        return f"{by_calls}, {duration_in_words(plan.bulk_seconds)} with bulk calls."
    return f"{by_calls}."


def portions_in_words() -> str:
    """Of what the portions of a plan are, where that is not all."""
    return f"Looked at for this were the first {LOOKED_AT:,} items of each kind."


def trouble_in_words(trouble: BadNamesError | OSError) -> str:
    """Why no files can be made or taken back, although the portal began with a configuration that was good."""
    if isinstance(trouble, BadNamesError):
        return f"The file that ENGAGE_FILE_PROFILE names {trouble}."
    why = trouble.strerror or type(trouble).__name__  # without a path
    return f"The folder that SPOOL_FOLDER names cannot be used: {why}. The portal must be able to write files there."


def folder_trouble() -> str:
    """Why no files can be kept here, as a sentence; empty where they can."""
    problem = folder.problem()
    return f"SPOOL_FOLDER {problem}." if problem else ""


def next_step(file: SpoolFile, turns: Mapping[str, int]) -> str:
    """What happens next to a file, or what a person can do about it; `turns` are those of `next_of_types`."""
    match file.state:
        case SpoolFile.State.WRITING:
            return file.problem or "It is written in a moment."
        case SpoolFile.State.READY:
            first = turns.get(file.file_type, file.pk)
            waits = f"It waits behind file {first}." if first < file.pk else file.problem
            return waits or "It is uploaded in a moment."
        case SpoolFile.State.UPLOADED:
            return "It waits for Engage's next import, once an hour as a rule."
        case SpoolFile.State.STUCK:
            return file.problem
        case SpoolFile.State.PICKED_UP:
            return "Engage has taken it. What became of each record is looked up through the API."
    return "Its items wait again, for the API or another file."
