"""The one door to Engage. Methods and typed answers on this side, HTTP on the other."""

import time
from collections.abc import Callable
from typing import Self

import httpx

from engage_portal.engage import operations as op
from engage_portal.engage.answers import ConsentDefinition, Store, listed
from engage_portal.engage.config import EngageConfig
from engage_portal.engage.contact_calls import ContactCalls
from engage_portal.engage.line import Line
from engage_portal.engage.loyalty_calls import LoyaltyCalls
from engage_portal.engage.wire import objects


class EngageClient(ContactCalls, LoyaltyCalls):
    """A client of one tenant's Engage, with one pool of connections. Threads may share it; processes may
    not.

    As made it has the worker's patience: long reads, and reads repeated a little. `within` gives the view
    for somebody who waits. Every method raises `EngageError` and nothing else of the network's.
    """

    def __init__(
        self,
        config: EngageConfig,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`transport` and `sleep` are for tests and for the stand-in Engage."""
        self.config = config
        self._line = Line.opened(config, transport=transport, sleep=sleep)
        self._owns_line = True

    def within(self, seconds: float) -> "EngageClient":
        """This client for a caller who has that many seconds, for each call. Nothing is repeated, the pool
        is shared.

        With no time left a call raises `Unavailable` without sending anything.
        """
        view = object.__new__(type(self))
        view.config = self.config
        view._line = self._line.within(seconds)
        view._owns_line = False
        return view

    def close(self) -> None:
        """Close the pool. Closing a view leaves it open."""
        if self._owns_line:
            self._line.http.close()

    def __enter__(self) -> Self:
        """Nothing is opened before the first call."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def post_receipt(self, body: bytes) -> None:
        """Hand in a receipt, sent byte by byte as given (`payloads.encode_receipt` makes it).

        Safe to repeat: a known `uniqueReceiptId` is ignored. Success means taken in, not imported: content
        errors show only in Engage's integration log
        [developer.voyado.com/en/receipts/introduction-to-receipts.html].
        """
        self._ask(op.POST_RECEIPT, body=body)

    def list_stores(self, *, include_inactive: bool = False) -> list[Store]:
        """The stores of the tenant [developer.voyado.com/docs/setup/stores]."""
        query = {"includeInactive": "true" if include_inactive else None}
        return [Store.read(each) for each in objects(listed(self._ask_list(op.LIST_STORES, query=query)))]

    def list_consents(self) -> list[ConsentDefinition]:
        """The consents the tenant asks for, with their texts by locale [SDK ConsentsService]."""
        return [ConsentDefinition.read(each) for each in objects(listed(self._ask_list(op.LIST_CONSENTS)))]
