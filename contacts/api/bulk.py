"""Many contacts in one call, and what became of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.api.asking import asked_by
from contacts.models import Batch, BatchRow
from contacts.selectors import batch_progress
from contacts.services import batch_take
from contacts.services.creating import contact_type_of
from contacts.shapes import problems_of
from engage_portal.api.idempotency import answered_once
from engage_portal.api.parsers import NoData
from engage_portal.api.schema import BATCH_STATUS, CONTACT_WRITE, ERRORS
from engage_portal.api.views import EngageView, text_or_refuse, whole_or_refuse
from engage_portal.core.ids import parse_guid
from engage_portal.engage import BULK_LIMIT, FieldError, NotFound, Rejected

_MOST_PROBLEMS = 50
_PARAMETERS = [
    OpenApiParameter("contactType", description="Of all rows; default Member."),
    OpenApiParameter("source", description="Registered name of the source system."),
    OpenApiParameter("storeExternalId", description="Store that the rows come from."),
]
_DESCRIBED: dict[str, Any] = {
    "tags": ["contacts"],
    "parameters": _PARAMETERS,
    "request": {"application/json": {"type": "array", "maxItems": BULK_LIMIT, "items": CONTACT_WRITE}},
    "responses": {202: OpenApiResponse(OpenApiTypes.UUID, "Kept here; the batch id."), **ERRORS},
}


class BulkContacts(EngageView):
    """`POST` and `PATCH /api/v3/contacts/bulk`."""

    @extend_schema(operation_id="bulkCreateContacts", **_DESCRIBED)
    @answered_once
    def post(self, request: Request) -> Response:
        """Create up to 4000 contacts. All rows are kept or none: 422 names what is wrong, `[17].email`."""
        return self._take(request, Batch.Verb.CREATE)

    @extend_schema(operation_id="bulkUpdateContacts", **_DESCRIBED)
    @answered_once
    def patch(self, request: Request) -> Response:
        """Change up to 4000 contacts, each named by its key in the row. Empty values erase."""
        return self._take(request, Batch.Verb.UPDATE)

    def _take(self, request: Request, verb: Batch.Verb) -> Response:
        rows = _rows_of(request)
        batch = batch_take(
            verb=verb,
            contact_type=contact_type_of(text_or_refuse(request, "contactType", longest=40)),
            rows=rows,
            source=text_or_refuse(request, "source", longest=60) or settings.ENGAGE_SOURCE,
            asked=asked_by(self, request),
        )
        return Response(str(batch.pk), status=202)


class BulkStatus(EngageView):
    """`GET /api/v3/contacts/bulk/status`."""

    @extend_schema(
        operation_id="bulkStatus",
        tags=["contacts"],
        parameters=[
            OpenApiParameter("batchId", OpenApiTypes.UUID, required=True),
            OpenApiParameter("offset", OpenApiTypes.INT),
            OpenApiParameter("count", OpenApiTypes.INT, description="Rows in the answer, 0 to 1000."),
        ],
        responses={200: BATCH_STATUS, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """What became of a batch that this key sent: counts by state, and its rows, page by page."""
        guid = parse_guid(text_or_refuse(request, "batchId", longest=60))
        batch = Batch.objects.filter(pk=guid, key_name=self.key.name).first() if guid else None
        if batch is None:
            raise NotFound("There is no such batch.", status=404, error_code="BatchNotFound")
        offset = whole_or_refuse(request, "offset", default=0, least=0, most=batch.total)
        count = whole_or_refuse(request, "count", default=100, least=0, most=1000)
        progress = batch_progress(batch, offset=offset, count=count)
        return Response(
            {
                "id": str(batch.pk),
                "state": "Completed" if progress.is_over else "Processing",
                "total": batch.total,
                "counts": progress.counts,
                "rows": [_row(row, state) for row, state in progress.rows],
            }
        )


@extend_schema(exclude=True)
class BulkStatusV2(BulkStatus):
    """`GET /api/v2/contacts/bulk/status`, where the documentation has it."""


def _row(row: BatchRow, state: str) -> dict[str, Any]:
    body = {"index": row.number, "state": state, "contactId": row.contact and row.contact.public_id}
    return {**body, "errorCode": row.error_code, "message": row.message} if row.error_code else body


def _rows_of(request: Request) -> Sequence[Mapping[str, Any]]:
    rows = request.data
    if rows is None or rows == []:
        raise NoData
    if not isinstance(rows, list):
        raise ParseError("The body must be a JSON array of contacts.")
    if len(rows) > BULK_LIMIT:
        raise Rejected(
            f"A call takes at most {BULK_LIMIT} contacts.", status=400, error_code="TooManyContacts"
        )
    problems = [problem for number, row in enumerate(rows) for problem in _problems(number, row)]
    if problems:
        raise Rejected(
            "; ".join(f"{problem.field}: {problem.description}" for problem in problems[:5]),
            status=422,
            error_code="ValidationError",
            field_errors=tuple(problems[:_MOST_PROBLEMS]),
        )
    return rows


def _problems(number: int, row: Any) -> list[FieldError]:
    if not isinstance(row, Mapping) or not row:
        return [FieldError(f"[{number}]", "must be an object with the contact's attributes")]
    return [FieldError(f"[{number}].{each.field}", each.description) for each in problems_of(row)]
