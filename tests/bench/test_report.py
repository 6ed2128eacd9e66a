"""What `make bench` makes of its measurements; no test asserts on seconds."""

import importlib
from pathlib import Path

import pytest

from tests.bench.record import document, keep, kept
from tests.bench.report import (
    Figure,
    Grid,
    at_least,
    at_most,
    for_information,
    middle,
    paired,
    percentile,
)

_MODULES = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith(("__", "test_"))
)


def test_a_ratio_stands_beside_its_goal_and_says_when_it_was_missed() -> None:
    assert at_least("a", "SQLite", 0.7, 0.7).verdict == "met"
    assert at_least("a", "SQLite", 0.69, 0.7).verdict == "**missed**"
    assert at_most("a", "SQLite", 2.01, 2).verdict == "**missed**"
    assert for_information("a", "SQLite", 2.01).verdict == ""


def test_rounds_are_compared_in_pairs_so_that_a_slow_minute_hurts_both() -> None:
    assert middle(paired([100, 50, 110], [200, 100, 100])) == 0.5


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert percentile([float(value) for value in range(100, 0, -1)], share) == expected


def test_a_whole_second_is_found_wherever_it_begins() -> None:
    from tests.bench.pace import fullest_second

    assert fullest_second([0.0, 0.9, 1.0, 1.1, 1.8, 1.95, 3.0]) == 4


def test_the_document_has_the_ratios_first_and_survives_a_figure_that_failed() -> None:
    good = Figure(
        "a", "Good", "How it was done.", [at_least("Ours / theirs", "SQLite", 0.8, 0.7, "0.75 – 0.90")]
    )
    good.grids.append(Grid("", ("Who", "Items/s"), [["ours", "300"]]))
    good.plans["Plan"] = "SEARCH | USING INDEX"
    good.facts = {"Date": "2026-11-22 04:00 UTC", "Commit": "abc"}
    text = document([good, Figure("b", "Bad", "", failed="no database")])
    assert "| Ours / theirs | SQLite | 0.80 | 0.75 – 0.90 | ≥ 0.7 | met | 2026-11-22 |" in text
    assert text.index("## Ratios") < text.index("## Numbers") < text.index("| ours | 300 |")
    assert "* **Bad** failed: no database" in text
    assert "SEARCH | USING INDEX" in text
    assert "Date: 2026-11-22 04:00 UTC; Commit: abc." in text


def test_a_figure_measured_again_replaces_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    old = Figure(
        "a", "A", "", [at_least("Ours / theirs", "SQLite", 0.8, 0.7)], [Grid("", ("Who",), [["ours"]])]
    )
    other = Figure("b", "B", "", plans={"Plan": "SEARCH"}, facts={"Commit": "abc"})
    keep(path, [other, old], ["a", "b"])
    new = Figure("a", "A", "", [at_least("Ours / theirs", "SQLite", 0.9, 0.7)])
    assert keep(path, [new], ["a", "b"]) == [new, other]
    assert [*kept(path).values()] == [new, other]


def test_a_figure_that_failed_replaces_nothing_that_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    good, bad = Figure("a", "A", ""), Figure("a", "A", "", failed="no database")
    keep(path, [good], ["a"])
    assert keep(path, [bad], ["a"]) == [good]


@pytest.mark.parametrize("name", [name for name in _MODULES if name not in {"inside", "settings"}])
def test_every_part_can_be_loaded(name: str) -> None:
    importlib.import_module(f"tests.bench.{name}")


@pytest.mark.parametrize("bad", ["SCAN outbox_item\noutbox_item_due outbox_item_holds", "outbox_item_due"])
def test_a_plan_that_reads_the_whole_table_is_refused(bad: str) -> None:
    from tests.bench import plans

    plans.check("SEARCH outbox_item USING INDEX outbox_item_due\nSEARCH U0 USING INDEX outbox_item_holds")
    with pytest.raises(RuntimeError):
        plans.check(bad)
