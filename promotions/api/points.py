"""Points in Engage's v3 language."""

from typing import cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.api import contact_or_404
from contacts.models import Contact
from engage_portal.api.loyalty_schema import POINT_ACCOUNT, POINT_ACCOUNTS, POINT_TRANSACTIONS
from engage_portal.api.paging import PAGING, asked_part, page_body
from engage_portal.api.schema import ERRORS
from engage_portal.api.views import EngageView, aged, text_or_refuse
from engage_portal.core import clock
from engage_portal.core.freshness import Freshness, Read, ReadPage
from engage_portal.engage import NotFound, PointFilter, Rejected
from engage_portal.outbox.line import door
from promotions.models import PointAccount
from promotions.selectors import account_known_as, account_of_definition
from promotions.selectors.points import accounts_for
from promotions.services import accounts_current, history_page
from promotions.services.point_copy import FILTERS, history_page_live

_LONGEST_ID = 60


class PointAccounts(EngageView):
    """`GET /api/v3/point-accounts`."""

    @extend_schema(
        operation_id="listPointAccounts",
        tags=["points and vouchers"],
        parameters=[OpenApiParameter("contactId", OpenApiTypes.UUID, required=True)],
        responses={200: POINT_ACCOUNTS, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """A contact's point accounts with their balances, as a plain array, as Engage v3 answers."""
        contact = contact_or_404(request.query_params.get("contactId", ""), self)
        read = _accounts(contact, self)
        return aged([entry.raw for entry in accounts_for(contact)], read)


class OnePointAccount(EngageView):
    """`GET /api/v3/point-accounts/{accountId}`."""

    @extend_schema(
        operation_id="getPointAccount",
        tags=["points and vouchers"],
        parameters=[OpenApiParameter("account_id", str, "path")],
        responses={200: POINT_ACCOUNT, **ERRORS},
    )
    def get(self, request: Request, account_id: str) -> Response:
        """One point account: from the copy of its contact's, or from Engage itself where it was never listed here."""
        del request
        wanted = _account_id(account_id)
        row = account_known_as(wanted)
        if row is None:
            account = door.ask(lambda client: client.get_point_account(wanted), deadline=self.deadline)
            return aged(account.raw, Read(None, Freshness.LIVE, clock.now()))
        read = _accounts(_contact_of(row), self)
        for entry in accounts_for(_contact_of(row)):
            if entry.id == wanted:
                return aged(entry.raw, read)
        raise _no_account()


class PointTransactions(EngageView):
    """`GET /api/v3/point-transactions`."""

    @extend_schema(
        operation_id="listPointTransactions",
        tags=["points and vouchers"],
        parameters=[
            OpenApiParameter("accountId", description="Or contactId and definitionId."),
            OpenApiParameter("contactId", OpenApiTypes.UUID),
            OpenApiParameter("definitionId"),
            OpenApiParameter("filter", enum=FILTERS, default=FILTERS[0]),
            *PAGING,
        ],
        responses={200: POINT_TRANSACTIONS, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """The movements of an account, newest first."""
        offset, count = asked_part(request)
        page = self._page(request, wanted=_filter(request), offset=offset, count=count)
        return aged(page_body(page.rows, total=page.total, offset=offset), page.read)

    def _page(self, request: Request, *, wanted: PointFilter, offset: int, count: int) -> ReadPage:
        account_id = text_or_refuse(request, "accountId", longest=_LONGEST_ID)
        row = self._account_of_contact(request) if not account_id else account_known_as(account_id)
        if row is None:
            # Never listed here, so that we do not know whose it is: passed on, and not kept.
            return history_page_live(
                account_id=_account_id(account_id),
                wanted=wanted,
                offset=offset,
                count=count,
                deadline=self.deadline,
            )
        return history_page(
            account=row,
            contact=_contact_of(row),
            wanted=wanted,
            offset=offset,
            count=count,
            deadline=self.deadline,
        )

    def _account_of_contact(self, request: Request) -> PointAccount:
        definition_id = text_or_refuse(request, "definitionId", longest=_LONGEST_ID)
        if not definition_id:
            raise Rejected(
                "Send accountId, or contactId and definitionId.", status=400, error_code="InvalidSearchQuery"
            )
        contact = contact_or_404(request.query_params.get("contactId", ""), self)
        _accounts(contact, self)
        row = account_of_definition(contact, definition_id)
        if row is None:
            raise _no_account()
        return row


def _accounts(contact: Contact, view: EngageView) -> Read[None]:
    read = accounts_current(contact=contact, deadline=view.deadline)
    if read.freshness is Freshness.NONE:
        raise door.line_down("Engage is away, and these points were never fetched before.")
    return read


def _contact_of(row: PointAccount) -> Contact:
    return row.contact.same_as or row.contact


def _account_id(text: str) -> str:
    """An account's id: a GUID in v3, a number in v2. Raises Rejected where it can be neither."""
    wanted = text.strip().lower()
    if not wanted or len(wanted) > _LONGEST_ID or not wanted.replace("-", "").isalnum():
        raise Rejected("accountId is no id.", status=400, error_code="InvalidPointAccountId")
    return wanted


def _filter(request: Request) -> PointFilter:
    text = request.query_params.get("filter", "").strip() or FILTERS[0]
    found = next((each for each in FILTERS if each.casefold() == text.casefold()), None)
    if found is None:
        raise Rejected(
            f"filter must be one of {', '.join(FILTERS)}.", status=400, error_code="InvalidSearchQuery"
        )
    return cast("PointFilter", found)


def _no_account() -> NotFound:
    return NotFound("There is no such point account.", status=404, error_code="PointAccountNotFound")
