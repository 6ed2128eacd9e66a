"""`python -m tests.bench.files_once ours|bare COUNT FOLDER`: write receipts to files; answers JSON on its last line."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from engage_portal.engage import decode_receipt, payloads
from engage_portal.engage.xml import DEFAULT_PROFILE, FileType, check_file, write_file
from tests.bench import bare_files
from tests.bench.peak import peak_memory

LINES = 3
_RECEIPTS_IN_A_FILE = 5_000
_LINE = {
    "type": "PURCHASE", "quantity": 1, "grossPaidPrice": 85, "taxAmount": 17, "taxPercent": 25, "sku": "BULB-E27",
    "articleNumber": "BULB", "articleName": "Bulb E27, große & warme", "articleGroup": "Lamps",
}  # fmt: skip
_SALE = {
    "contact": {"matchKey": "+46700000113", "matchKeyType": "mobilePhone", "contactType": "Member"},
    "uniqueReceiptId": "1", "receiptNumber": "881", "createdDate": "2026-04-12T09:12:44+02:00",
    "storeExternalId": "9001", "currency": "SEK", "exchangeRateToGroupCurrency": 1, "totalGrossPrice": 255,
    "paymentMethods": [{"type": "card", "value": 255}], "items": [_LINE] * LINES,
}  # fmt: skip


def receipts(count: int) -> Iterator[payloads.Receipt]:
    """Sales that differ in their ids, one after the other."""
    one = decode_receipt(msgspec.json.encode(_SALE))
    for number in range(count):
        yield msgspec.structs.replace(one, unique_receipt_id=f"9001-20260412-{number:09d}")


def ours(path: Path, some: Iterator[payloads.Receipt]) -> None:
    """Written and checked."""
    with path.open("wb") as out:
        write_file(out, FileType.TRANSACTIONS, some, DEFAULT_PROFILE)
    check_file(path, FileType.TRANSACTIONS, DEFAULT_PROFILE)


def main(which: str, count: int, folder: Path) -> None:
    """Write them all, file by file."""
    write: Callable[[Path, Iterator[payloads.Receipt]], None] = {"ours": ours, "bare": bare_files.write}[
        which
    ]
    began, size = time.perf_counter(), 0
    left, made = count, receipts(count)
    while left > 0:
        most = min(left, _RECEIPTS_IN_A_FILE)
        path = folder / f"{which}.xml"
        write(path, islice(made, most))
        size += path.stat().st_size
        left -= most
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak": peak_memory(), "total": count, "size": size}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
