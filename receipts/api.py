"""Receipts, purchase history and stores in Engage's v3 language."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.api import contact_or_404
from engage_portal.api.idempotency import answered_once
from engage_portal.api.paging import PAGING, asked_part, page_body
from engage_portal.api.parsers import RawJSONParser, raw_body
from engage_portal.api.schema import ERRORS, RECEIPT, STORES, TRANSACTIONS
from engage_portal.api.views import EngageView, aged, store_for
from engage_portal.engage import payloads
from receipts.history.pages import history_page
from receipts.services import receipt_record
from receipts.services.rules import wholly_refused
from receipts.stores import stores_current


class Receipts(EngageView):
    """`POST /api/v3/receipts`."""

    parser_classes = [RawJSONParser]

    @extend_schema(
        operation_id="registerReceipt",
        tags=["receipts"],
        request={"application/json": RECEIPT},
        responses={202: OpenApiResponse(description="Kept; on its way to Engage."), **ERRORS},
    )
    @answered_once
    def post(self, request: Request) -> Response:
        """Keep a finalised purchase or return: 202 at once, whatever Engage does. All mistakes are told at once.

        What is taken although it looks like a mistake is listed as `warnings` in the answer.
        """
        try:
            payload = payloads.decode_receipt(raw_body(request))
        except payloads.PayloadError as refused:
            if refused.rest is not None:  # what is known of a store is told to its own tills
                store_for(self.key, refused.rest.store_external_id)
            raise wholly_refused(refused) from None
        store_for(self.key, payload.store_external_id)
        recorded = receipt_record(payload=payload, actor=self.key.name, deadline=self.deadline)
        warnings = [{"field": each.field, "description": each.description} for each in recorded.warnings]
        return Response({"warnings": warnings} if warnings else None, status=202)


class Transactions(EngageView):
    """`GET /api/v3/contacts/transactions`."""

    @extend_schema(
        operation_id="listContactTransactions",
        tags=["receipts"],
        parameters=[
            OpenApiParameter("contactId", OpenApiTypes.UUID, required=True),
            *PAGING,
        ],
        responses={200: TRANSACTIONS, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Purchases and returns of one contact, as Engage lists them, newest first.

        Who reads page after page gets each transaction once, also where something is sold meanwhile.
        """
        offset, count = asked_part(request)
        contact = contact_or_404(request.query_params.get("contactId", ""), self)
        page = history_page(
            contact=contact, offset=offset, count=count, deadline=self.deadline, reader=str(self.key.pk)
        )
        return aged(page_body(page.rows, total=page.total, offset=offset), page.read)


class Stores(EngageView):
    """`GET /api/v3/stores`."""

    @extend_schema(
        operation_id="listStores",
        tags=["receipts"],
        parameters=[OpenApiParameter("includeInactive", OpenApiTypes.BOOL, default=False)],
        responses={200: STORES, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Stores and web markets that Engage has, kept for when it is away; without the closed ones unless asked."""
        with_inactive = _yes_or_refuse(request, "includeInactive")
        read = stores_current(with_inactive=with_inactive, deadline=self.deadline)
        return aged(read.value, read)


def _yes_or_refuse(request: Request, name: str) -> bool:
    """A yes or no from the query; left out it is no. Raises ParseError that names it."""
    text = request.query_params.get(name, "").strip().casefold()
    if text not in {"", "true", "false"}:
        raise ParseError(f"{name} must be true or false.")
    return text == "true"
