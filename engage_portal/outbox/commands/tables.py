"""What a subcommand shows people: tables and facts, drawn as wide as the terminal is."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_LEAST_ELASTIC = 16
"""What a column needs that gives way, to be worth reading."""
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Rows:
    """A table for people, and tab-separated lines for pipes."""

    titles: tuple[str, ...]
    rows: Sequence[Sequence[Text]]
    elastic: tuple[str, ...] = ()
    """Columns that give way where the terminal is narrow; where that is not enough, they go below their row."""
    expendable: tuple[str, ...] = ()
    """Columns that a narrow terminal leaves out."""

    def lines(self) -> Iterator[Sequence[str]]:
        """The cells of each line."""
        yield self.titles
        yield from ([str(cell) for cell in row] for row in self.rows)

    def only(self, titles: Collection[str]) -> "Rows":
        """The same with some of the columns."""
        places = [place for place, title in enumerate(self.titles) if title in titles]
        rows = [[row[place] for place in places] for row in self.rows]
        return replace(self, titles=tuple(self.titles[place] for place in places), rows=rows)


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with what there is to say about each, below a heading."""

    heading: Text
    facts: Sequence[tuple[str, Text]]

    def lines(self) -> Iterator[Sequence[str]]:
        """The cells of each line."""
        yield [str(self.heading)]
        yield from ([name, str(value)] for name, value in self.facts)


def drawn(part: Rows | Facts, *, width: int) -> RenderableType:
    """A part for a terminal."""
    if isinstance(part, Facts):
        return _grid(part)
    if not _has_room(part, width):
        part = part.only(set(part.titles) - set(part.expendable))
    return _table(part) if _has_room(part, width) else _blocks(part)


def _has_room(part: Rows, width: int) -> bool:
    """Whether the columns that give way would keep enough to be read. A table without such columns stays one."""
    if not part.elastic:
        return True
    firm = sum(_widths(part.only(set(part.titles) - set(part.elastic))))
    return firm + len(_GAP) * len(part.titles) + _LEAST_ELASTIC * len(part.elastic) <= width


def _widths(part: Rows) -> list[int]:
    columns = zip(part.titles, *part.lines(), strict=True)
    return [max(map(cell_len, column)) for column in columns]


def _table(part: Rows) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for title in part.titles:
        table.add_column(title, no_wrap=title not in part.elastic, overflow="fold")
    for row in part.rows:
        table.add_row(*row)
    return table


def _blocks(part: Rows) -> Group:
    """A line for each row, and below it what is elastic, folded."""
    firm, elastic = part.only(set(part.titles) - set(part.elastic)), part.only(part.elastic)
    widths = _widths(firm)
    lines: list[RenderableType] = ["", _aligned([Text(title, "bold") for title in firm.titles], widths)]
    for row, more in zip(firm.rows, elastic.rows, strict=True):
        lines.append(_aligned(row, widths))
        if below := Text(_GAP).join(cell for cell in more if cell):
            lines.append(Padding(below, (0, 0, 0, len(_GAP))))
    return Group(*lines)


def _aligned(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    line = Text(_GAP).join(_padded(cell, width) for cell, width in zip(cells, widths, strict=True))
    line.rstrip()
    return line


def _padded(cell: Text, width: int) -> Text:
    found = cell.copy()
    found.align("right" if cell.justify == "right" else "left", width)
    return found


def _grid(part: Facts) -> Group:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in part.facts:
        grid.add_row(name, value)
    return Group(part.heading, "", Padding(grid, (0, 2)))
