"""`pause` and `resume`: stopping the queue, or a part of it, and letting it go on."""

from django.core.management.base import CommandError, CommandParser
from rich.text import Text

from engage_portal.outbox import pauses
from engage_portal.outbox.bodies import pause_body
from engage_portal.outbox.commands.arguments import BAD_USAGE, add_by, add_part, check_kind, line
from engage_portal.outbox.commands.speaking import Action, Answer, Options, Terminal
from engage_portal.outbox.commands.words import plain
from engage_portal.outbox.models import Pause
from engage_portal.outbox.words import scope, scope_inside


def pause(options: Options, _terminal: Terminal) -> Answer:
    """Stop sending a part of the queue."""
    check_kind(options)
    wanted = _part(options)
    try:
        made = pauses.pause(by=options["by"], reason=options["reason"], **wanted)
    except pauses.AlreadyPausedError:
        raise CommandError(f"It is paused already: {scope_inside(Pause(**wanted))}.") from None
    return Answer(
        pause_body(made),
        [Text(f"{scope(made)} is paused.", style="yellow")],
        "What is being sent at this moment is finished.",
    )


def resume(options: Options, _terminal: Terminal) -> Answer:
    """End one pause, or all."""
    check_kind(options)
    ending = _ending(options)
    ended = pauses.resume(by=options["by"], pauses=ending)
    document = {"resumed": ended, "pauses": [pause_body(each) for each in ending]}
    return Answer(document, [plain(f"{scope(each)}: the pause is over.", "green") for each in ending])


def _ending(options: Options) -> list[Pause]:
    wanted, running = _part(options), list(pauses.running())
    if options["wants_all"]:
        if any(wanted.values()):
            raise CommandError("--all ends every pause: leave --kind and --store out.", returncode=BAD_USAGE)
        return _found(running, "Nothing is paused.")
    same = [each for each in running if {"kind": each.kind, "store": each.store} == wanted]
    others = "; ".join(_named(each) for each in running) or "nothing"
    return _found(same, f"There is no pause of {scope_inside(Pause(**wanted))}. Paused is: {others}.")


def _found(pauses: list[Pause], missing: str) -> list[Pause]:
    if not pauses:
        raise CommandError(missing)
    return pauses


def _named(pause: Pause) -> str:
    """A pause with the options that end it."""
    options = " ".join(
        f"--{name} {value}" for name, value in (("kind", pause.kind), ("store", pause.store)) if value
    )
    found = f"{scope_inside(pause)} ({options})" if options else scope_inside(pause)
    return str(plain(found))


def _part(options: Options) -> dict[str, str]:
    return {"kind": options["kind"] or "", "store": options["store"] or ""}


def _pause_arguments(parser: CommandParser) -> None:
    add_part(parser)
    add_by(parser)
    parser.add_argument(
        "--reason", type=line(), required=True, help="why, so that others know when to resume"
    )


def _resume_arguments(parser: CommandParser) -> None:
    add_part(parser)
    add_by(parser)
    parser.add_argument("--all", action="store_true", dest="wants_all", help="end every pause")


ACTIONS = (
    Action(
        "pause",
        "Stops sending: everything, a kind, a store, or a kind in a store. Nothing is lost meanwhile.",
        'manage.py outbox pause --kind receipt.post --store 101 --reason "wrong prices in the till"',
        _pause_arguments,
        pause,
    ),
    Action(
        "resume",
        "Lets a paused part go on: name it as it was paused, or end every pause.",
        "manage.py outbox resume --kind receipt.post --store 101",
        _resume_arguments,
        resume,
    ),
)
