"""`python -m tests.bench [names…] [--quick]`: measure, print, and write a document with the ratios first.

Figures that are not named keep the numbers of their last run.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ.setdefault("PORTAL_TIME_BUDGET", "1")  # as the portal comes; tests are more patient
import django

django.setup()

from rich.console import Console  # noqa: E402

from tests.bench import (  # noqa: E402
    accepting,
    checkout,
    delivery,
    files,
    growth,
    importing,
    lookup,
    machine,
    memory,
    outage,
    pace,
    people,
    purchases,
    spooling,
    uploading,
    validating,
)
from tests.bench.record import document, keep  # noqa: E402
from tests.bench.report import Figure, show  # noqa: E402
from tests.flows.running import ROOT  # noqa: E402

Measure = Callable[..., Figure]
_FIGURES: dict[str, Measure] = {
    module.__name__.rpartition(".")[2]: module.measure
    for module in (
        delivery,
        growth,
        accepting,
        pace,
        memory,
        people,
        lookup,
        outage,
        importing,
        uploading,
        files,
        spooling,
        validating,
        checkout,
        purchases,
    )
}


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for; 1 where a figure could not be measured. A missed goal is no failure."""
    given = _parser().parse_args(arguments)
    target = given.to or ROOT / ("var/benchmarks.md" if given.quick else "docs/benchmarks.md")
    target.parent.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, _stop)
    console, figures = Console(width=130), []
    for name in given.names or _FIGURES:
        facts = machine.facts(is_quick=given.quick)
        console.print(*(f"{what}: {value}" for what, value in facts.items()), sep="\n", highlight=False)
        figures.append(_measured(name, is_quick=given.quick))
        figures[-1].facts = facts
        show(console, figures[-1])
        target.write_text(document(keep(target.with_suffix(".json"), figures[-1:], [*_FIGURES])))
    console.print(f"\nWritten to {target}")
    return 1 if any(figure.failed for figure in figures) else 0


def _stop(number: int, _frame: object) -> None:
    """End, and clean up undisturbed: `timeout` and process managers tell a process more than once."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(1)


def _measured(name: str, *, is_quick: bool) -> Figure:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench_") as home:
        try:
            figure = _FIGURES[name](Path(home), is_quick=is_quick)
        except Exception as fault:  # noqa: BLE001 - the other figures are worth having
            figure = Figure(name, name.capitalize(), "", failed=f"{type(fault).__name__}: {fault}"[:2000])
            Console(stderr=True).print(_last_words(Path(home)), markup=False, highlight=False)
    figure.seconds = time.monotonic() - began
    return figure


def _last_words(home: Path) -> str:
    """What the processes of a failed figure logged in the end."""
    found = []
    for path in sorted(home.glob("*.log")):
        lines = [
            line for line in path.read_text(errors="replace").splitlines() if '"level": "info"' not in line
        ]
        found += [f"── {path.name}", *(line[:500] for line in lines[-20:])] if lines else []
    return "\n".join(found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *_FIGURES], help=", ".join(_FIGURES))
    parser.add_argument("--quick", action="store_true", help="fewer items and rounds, every ratio")
    parser.add_argument("--to", type=Path, help="the document (docs/benchmarks.md, var/ for a quick run)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
