"""How long it takes to find out everything that is wrong with a long receipt."""

import json
import time
from pathlib import Path
from uuid import uuid4

from tests.bench.report import Figure, Grid, at_most, percentile
from tests.conftest import make_receipt

_LINES, _GOAL_MS = 30, 1.0
_HOW = (
    f"Milliseconds in one process for a receipt of {_LINES} lines, from its bytes to the verdict: read, checked as a whole, "
    "looked at for what is only odd, and written down canonically. Its store is known; no database."
)


def measure(home: Path, *, is_quick: bool) -> Figure:
    """One process."""
    figure = Figure("validating", "Validating a receipt", _HOW)
    del home
    took = _validated(500 if is_quick else 5000)
    numbers = [f"{percentile(took, at):.3f}" for at in (0.5, 0.99)]
    figure.grids.append(Grid("", ("Lines", "p50, ms", "p99, ms"), [[str(_LINES), *numbers]]))
    figure.ratios.append(
        at_most(f"Validating {_LINES} lines, p50 / 1 ms", "–", percentile(took, 0.5) / _GOAL_MS, 1)
    )
    return figure


def _validated(rounds: int) -> list[float]:
    """Milliseconds of each."""
    from engage_portal.engage import payloads
    from receipts.services.rules import check_receipt, warnings_about
    from receipts.stores import Asked, Standing

    seen, fine = [], Asked(Standing.FINE)
    for number in range(rounds):
        body = _long_receipt(number)
        began = time.perf_counter()
        receipt = payloads.decode_receipt(body)
        check_receipt(receipt, store=fine)
        odd = warnings_about(receipt, store=fine)
        payloads.encode_receipt(receipt)
        seen.append((time.perf_counter() - began) * 1000)
        if odd:
            raise SystemExit(f"{odd[0].field}: {odd[0].description}")
    return seen


def _long_receipt(number: int) -> bytes:
    line = make_receipt()["items"][0]
    contact = {"matchKey": str(uuid4()), "matchKeyType": "contactId"}
    receipt = make_receipt(f"long-{number}", contact=contact, totalGrossPrice=200.0 * _LINES)
    receipt["items"] = [{**line, "sku": f"A-{place}"} for place in range(_LINES)]
    receipt["paymentMethods"] = [{"type": "card", "value": 200.0 * _LINES}]
    return json.dumps(receipt).encode()
