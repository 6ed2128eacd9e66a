"""Receipts and purchase history in Engage's v3 language."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.api import contact_or_404
from engage_portal.api.idempotency import answered_once
from engage_portal.api.parsers import RawJSONParser, raw_body
from engage_portal.api.schema import ERRORS, RECEIPT, TRANSACTIONS
from engage_portal.api.views import EngageView, aged, store_for, whole_or_refuse
from engage_portal.engage import payloads
from receipts.history import history_page
from receipts.rules import warnings_about
from receipts.services import receipt_record

_MOST = 500
_LAST = 1_000_000


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
        payload = payloads.decode_receipt(raw_body(request))
        store_for(self.key, payload.store_external_id)
        receipt_record(payload=payload, actor=self.key.name)
        warnings = [
            {"field": each.field, "description": each.description} for each in warnings_about(payload)
        ]
        return Response({"warnings": warnings} if warnings else None, status=202)


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
        offset = whole_or_refuse(request, "offset", default=0, least=0, most=_LAST)
        count = whole_or_refuse(request, "count", default=100, least=1, most=_MOST)
        contact = contact_or_404(request.query_params.get("contactId", ""), self)
        page = history_page(contact=contact, offset=offset, count=count, deadline=self.deadline)
        body = {"items": page.rows, "totalCount": page.total, "offset": offset, "count": len(page.rows)}
        return aged(body, page.read)
