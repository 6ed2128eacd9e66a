"""The newest run of each figure, kept as JSON, and the document made of it, with the ratios first.

A whole run takes longer than most machines stay quiet, so each figure can be measured again alone and names the run that it
comes from.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bench.report import Figure, Grid, Ratio


def kept(path: Path) -> dict[str, Figure]:
    """The figures of a file by name; none where there is no file."""
    if not path.exists():
        return {}
    return {name: _figure(fields) for name, fields in json.loads(path.read_text()).items()}


def keep(path: Path, figures: Sequence[Figure], order: Sequence[str]) -> list[Figure]:
    """Put figures in the place of older ones with their names; answer all that the file now holds, in this order.

    A figure that failed replaces nothing that was measured.
    """
    known = kept(path)
    known |= {figure.name: figure for figure in figures if not figure.failed or figure.name not in known}
    ordered = [known[name] for name in order if name in known]
    path.write_text(
        json.dumps({each.name: asdict(each) for each in ordered}, indent=1, ensure_ascii=False) + "\n"
    )
    return ordered


def _figure(fields: dict) -> Figure:
    ratios = [Ratio(**ratio) for ratio in fields.pop("ratios")]
    grids = [Grid(**grid) for grid in fields.pop("grids")]
    return Figure(ratios=ratios, grids=grids, **fields)


def document(figures: Sequence[Figure]) -> str:
    """All of it in Markdown: the ratios, then each figure's numbers with where and when they were measured."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Every ratio compares two things measured in one run, in turns (A B A B); it is the",
        "median of the rounds' ratios, with the lowest and the highest. Each figure names the run that it comes from.",
        "",
        "## Ratios",
        "",
    ]
    lines += _table(
        ("Figure", "On", "Ratio", "Rounds", "Goal", "", "Measured"),
        [
            [
                ratio.what,
                ratio.where,
                f"{ratio.value:.2f}",
                ratio.spread,
                ratio.goal,
                ratio.verdict,
                _day(figure),
            ]
            for figure in figures
            for ratio in figure.ratios
        ],
    )
    failed = [f"* **{figure.title}** failed: {figure.failed}" for figure in figures if figure.failed]
    lines += ["", *failed, *([""] if failed else []), "## Numbers", ""]
    for figure in figures:
        lines += _numbers(figure)
    return "\n".join(lines).rstrip() + "\n"


def _day(figure: Figure) -> str:
    return figure.facts.get("Date", "").partition(" ")[0]


def _numbers(figure: Figure) -> list[str]:
    lines = [f"### {figure.title}", "", figure.how, ""]
    if figure.failed:
        lines += [f"Failed: {figure.failed}", ""]
    for grid in figure.grids:
        lines += [*([f"**{grid.title}**", ""] if grid.title else []), *_table(grid.header, grid.rows), ""]
    for title, plan in figure.plans.items():
        lines += [f"{title}:", "", "```", *plan.splitlines(), "```", ""]
    if figure.facts:
        lines += ["; ".join(f"{name}: {value}" for name, value in figure.facts.items()) + ".", ""]
    return lines


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_line(header), _line(["---"] * len(header)), *map(_line, rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
