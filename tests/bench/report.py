"""What a figure found, and how it is shown in the terminal."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True)
class Ratio:
    """One ratio beside its goal."""

    what: str
    where: str
    value: float
    goal: str
    is_met: bool | None
    spread: str = ""

    @property
    def verdict(self) -> str:
        """Whether it meets its goal."""
        return {True: "met", False: "**missed**", None: ""}[self.is_met]


def at_least(what: str, where: str, value: float, bound: float, spread: str = "") -> Ratio:
    """A ratio that should not be below a bound."""
    return Ratio(what, where, value, f"≥ {bound:g}", value >= bound, spread)


def at_most(what: str, where: str, value: float, bound: float, spread: str = "") -> Ratio:
    """A ratio that should not be above a bound."""
    return Ratio(what, where, value, f"≤ {bound:g}", value <= bound, spread)


def for_information(what: str, where: str, value: float, spread: str = "") -> Ratio:
    """A ratio without a goal."""
    return Ratio(what, where, value, "", None, spread)


@dataclass
class Grid:
    """Absolute numbers."""

    title: str
    header: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)


@dataclass
class Figure:
    """One figure: how it was measured, its ratios, its numbers, and the facts of the run that it comes from."""

    name: str
    title: str
    how: str
    ratios: list[Ratio] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    plans: dict[str, str] = field(default_factory=dict)
    failed: str = ""
    seconds: float = 0.0
    facts: dict[str, str] = field(default_factory=dict)


def paired(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """The ratio of each round; the median of these stands for all."""
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def spread(values: Sequence[float]) -> str:
    """From the lowest to the highest round."""
    return f"{min(values):.2f} – {max(values):.2f}"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def show(console: Console, figure: Figure) -> None:
    """One figure in the terminal."""
    console.rule(f"{figure.title} ({figure.seconds:.0f} s)")
    console.print(figure.how)
    if figure.failed:
        console.print(f"[bold red]failed:[/] {escape(figure.failed)}")
    if figure.ratios:
        table = Table("ratio", "on", "value", "rounds", "goal", "")
        colours = {True: "green", False: "red", None: "default"}
        for ratio in figure.ratios:
            verdict = f"[{colours[ratio.is_met]}]{ratio.verdict.strip('*')}[/]"
            table.add_row(ratio.what, ratio.where, f"{ratio.value:.2f}", ratio.spread, ratio.goal, verdict)
        console.print(table)
    for grid in figure.grids:
        table = Table(*grid.header, title=grid.title or None, title_justify="left")
        for row in grid.rows:
            table.add_row(*row)
        console.print(table)
    for title, plan in figure.plans.items():
        console.print(f"[bold]{title}[/]")
        console.print(plan, markup=False, highlight=False)
