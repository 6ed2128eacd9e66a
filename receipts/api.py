"""Receipts and purchase history in Engage's v3 language."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.api import contact_or_404
from engage_portal.api.idempotency import answered_once
from engage_portal.api.parsers import RawJSONParser
from engage_portal.api.schema import ERRORS, RECEIPT, TRANSACTIONS
from engage_portal.api.views import EngageView, aged, store_for, whole_or_refuse
from engage_portal.core.freshness import Freshness
from engage_portal.engage import payloads
from engage_portal.outbox import line
from receipts.selectors import history_rows
from receipts.services import HISTORY_COUNT, history_current, history_total, receipt_record

_MOST = 500


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
        """Keep a finalised purchase or return: 202 at once, whatever Engage does."""
        payload = payloads.decode_receipt(request.data["body"])
        store_for(self.key, payload.store_external_id)
        receipt_record(payload=payload, actor=self.key.name)
        return Response(None, status=202)


class Transactions(EngageView):
    """`GET /api/v3/contacts/transactions`."""

    @extend_schema(
        operation_id="listContactTransactions",
        tags=["receipts"],
        parameters=[
            OpenApiParameter("contactId", OpenApiTypes.UUID, required=True),
            OpenApiParameter("offset", OpenApiTypes.INT, default=0),
            OpenApiParameter("count", OpenApiTypes.INT, default=100),
        ],
        responses={200: TRANSACTIONS, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Purchases and returns of one contact, as Engage lists them."""
        contact = contact_or_404(request.query_params.get("contactId", ""), self)
        offset = whole_or_refuse(request, "offset", default=0, least=0, most=HISTORY_COUNT)
        count = whole_or_refuse(request, "count", default=100, least=1, most=_MOST)
        read = history_current(contact=contact, deadline=self.deadline)
        if read.freshness is Freshness.NONE:
            raise line.line_down("Engage is away, and this history was never fetched before.")
        rows = [entry.raw for entry in history_rows(contact, offset=offset, count=count)]
        body = {"items": rows, "totalCount": history_total(contact), "offset": offset, "count": len(rows)}
        return aged(body, read)
