"""Writing and checking an import file need no more memory the longer it is."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec
import pytest

from engage_portal.engage import payloads
from engage_portal.engage.xml import DEFAULT_PROFILE, check_file, write_file
from tests.bench.peak import peak_memory
from tests.engage_xml.examples import TRANSACTIONS, line, receipt

FEW, MANY = 300, 6_000
MOST_MORE = 8 * 2**20
"""As trees, the many would take ten times as much."""


def sales(count: int, bad: int) -> Iterator[payloads.Receipt]:
    """So many, the last ones of them without an article."""
    one, other = receipt(items=[line()] * 3), receipt(items=[line(), line(), line(sku="")])
    for number in range(count):
        sale = one if number < count - bad else other
        yield msgspec.structs.replace(sale, unique_receipt_id=str(number))


def peak_of_writing(path: Path, count: int, bad: int) -> int:
    with path.open("wb") as out:
        write_file(out, TRANSACTIONS, sales(count, bad), DEFAULT_PROFILE)
    return peak_memory()


def peak_of_checking(path: Path) -> int:
    check_file(path, TRANSACTIONS, DEFAULT_PROFILE)
    return peak_memory()


def alone(what, *given) -> int:
    """In a process of its own, begun anew: libxml2's memory is not Python's, and no allocator gives all of it back."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(what, *given).result()


@pytest.mark.parametrize("bad", [0, 1, MANY], ids=["sound", "a fault in the last record", "in every record"])
def test_a_long_file_is_written_and_checked_in_the_memory_of_a_short_one(tmp_path, bad):
    few, many = tmp_path / "few.xml", tmp_path / "many.xml"
    written = [
        alone(peak_of_writing, path, count, min(bad, count)) for path, count in ((few, FEW), (many, MANY))
    ]
    assert written[1] < written[0] + MOST_MORE
    checked = [alone(peak_of_checking, path) for path in (few, many)]
    assert checked[1] < checked[0] + MOST_MORE
    faults = check_file(many, TRANSACTIONS, DEFAULT_PROFILE)
    assert [fault.position for fault in faults] == list(range(MANY - bad, MANY))
