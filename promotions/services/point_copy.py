"""Our copy of a contact's points: accounts, and the newest movements of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from django.db import transaction

from contacts.models import Contact
from contacts.snapshots import OUTAGES, Want, read_through
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read, ReadPage
from engage_portal.engage import NotFound, Page, PointAccount, PointFilter, PointTransaction
from engage_portal.engage.wire import encode
from engage_portal.outbox.line import door
from promotions.models import PointAccount as AccountRow
from promotions.models import PointSnapshot
from promotions.models import PointTransaction as TransactionRow
from promotions.selectors.points import transactions_of

FILTERS: tuple[str, ...] = get_args(PointFilter)
HISTORY_COUNT = 100
_LONGEST_ID = 60
_MOST_ACCOUNTS = 3
"""Whose movements a page shows; more than one is rare."""


def points_current(*, contact: Contact, deadline: Deadline) -> list[Read[None]]:
    """Make our copy of a contact's accounts and of their newest movements fresh where that is needed and possible.

    Raises NotFound where Engage no longer has the contact; never another EngageError.
    """
    reads = [accounts_current(contact=contact, deadline=deadline)]
    accounts = AccountRow.objects.filter(contact=contact).order_by("position")[:_MOST_ACCOUNTS]
    return reads + [_history_or_gone(account, contact, deadline) for account in accounts]


def _history_or_gone(account: AccountRow, contact: Contact, deadline: Deadline) -> Read[None]:
    """An account that was closed since it was listed is no news about the contact: it leaves our copy."""
    try:
        return history_current(account=account, contact=contact, deadline=deadline)
    except NotFound as gone:
        if not gone.error_code:  # not Engage itself said so
            freshness = Freshness.STALE if account.history_fetched_at else Freshness.NONE
            return Read(None, freshness, account.history_fetched_at)
        account.delete()
        return Read(None, Freshness.LIVE, clock.now())


def accounts_current(*, contact: Contact, deadline: Deadline) -> Read[None]:
    """Make our copy of a contact's accounts fresh where that is needed and possible. Raises as `points_current`."""
    snapshot = PointSnapshot.objects.filter(contact=contact).first()
    want = Want(
        snapshot.fetched_at if snapshot else None,
        lambda client, engage_id: client.list_point_accounts(engage_id),
        lambda accounts: accounts_store(contact=contact, accounts=accounts),
    )
    return read_through(contact=contact, want=want, deadline=deadline)


@transaction.atomic
def accounts_store(*, contact: Contact, accounts: Sequence[PointAccount]) -> datetime:
    """Keep Engage's list; what is kept of the movements of an account that is still there stays."""
    Contact.objects.select_for_update().get(pk=contact.pk)
    listed = {entry.id: entry for entry in accounts if 0 < len(entry.id) <= _LONGEST_ID}
    AccountRow.objects.filter(contact=contact).exclude(engage_account_id__in=listed).delete()
    AccountRow.objects.bulk_create(
        [
            AccountRow(
                engage_account_id=account_id,
                contact=contact,
                raw=encode(entry.raw).decode(),
                position=position,
            )
            for position, (account_id, entry) in enumerate(listed.items())
        ],
        update_conflicts=True,
        unique_fields=["engage_account_id"],
        update_fields=["contact", "raw", "position"],
    )
    fetched_at = clock.now()
    PointSnapshot.objects.update_or_create(contact=contact, defaults={"fetched_at": fetched_at})
    return fetched_at


def history_current(*, account: AccountRow, contact: Contact, deadline: Deadline) -> Read[None]:
    """Make our copy of an account's newest movements fresh where that is needed and possible.

    Raises NotFound where Engage no longer has the account; never another EngageError.
    """
    want = Want(
        account.history_fetched_at,
        lambda client, _engage_id: client.list_point_transactions(
            account_id=account.engage_account_id, count=HISTORY_COUNT
        ),
        lambda page: history_store(account=account, page=page),
    )
    return read_through(contact=contact, want=want, deadline=deadline)


@transaction.atomic
def history_store(*, account: AccountRow, page: Page[PointTransaction]) -> datetime:
    """Keep the newest page of an account's movements; rows that we had are replaced."""
    # Where Engage leaves out the total, the page still tells whether there is more.
    total = max(page.total_count, page.offset + page.count + page.has_more)
    account.history_fetched_at, account.history_total = clock.now(), total
    if not AccountRow.objects.filter(pk=account.pk).update(
        history_fetched_at=account.history_fetched_at, history_total=account.history_total
    ):
        return account.history_fetched_at  # forgotten while Engage was asked
    listed = {entry.id: entry for entry in page.items if 0 < len(entry.id) <= _LONGEST_ID}
    if not page.has_more:
        TransactionRow.objects.filter(account=account).exclude(engage_transaction_id__in=listed).delete()
    TransactionRow.objects.bulk_create(
        [
            TransactionRow(
                account=account,
                engage_transaction_id=transaction_id,
                transaction_date=entry.transaction_date or entry.created_on,
                raw=encode(entry.raw).decode(),
            )
            for transaction_id, entry in listed.items()
        ],
        update_conflicts=True,
        unique_fields=["account", "engage_transaction_id"],
        update_fields=["transaction_date", "raw"],
    )
    return account.history_fetched_at


def history_page(
    *, account: AccountRow, contact: Contact, wanted: PointFilter, offset: int, count: int, deadline: Deadline
) -> ReadPage:
    """A page of an account's movements. What only Engage can tell, beyond what is kept here, it is asked for.

    Raises NotFound where Engage no longer has the account, and Unavailable where it is away and the page not kept.
    """
    read = history_current(account=account, contact=contact, deadline=deadline)
    if read.freshness is Freshness.NONE:
        raise door.line_down("Engage is away, and these point transactions were never fetched before.")
    total = account.history_total
    # Counted: Engage may give fewer on a page than it was asked for.
    kept = TransactionRow.objects.filter(account=account).count()
    is_whole = total <= kept
    is_kept = is_whole or offset >= total or offset + count <= min(kept, HISTORY_COUNT)
    if not is_kept or (wanted != "All" and not is_whole):
        try:
            return history_page_live(
                account_id=account.engage_account_id,
                wanted=wanted,
                offset=offset,
                count=count,
                deadline=deadline,
            )
        except OUTAGES:
            raise door.line_down(
                f"Engage is away, and only the newest {kept} of these point transactions are kept."
            ) from None
    rows = transactions_of(account, wanted=wanted)
    return ReadPage(rows[offset : offset + count], total if wanted == "All" else len(rows), read)


def history_page_live(
    *, account_id: str, wanted: PointFilter, offset: int, count: int, deadline: Deadline
) -> ReadPage:
    """A page as Engage has it now, not kept here. Raises EngageError."""
    page = door.ask(
        lambda client: client.list_point_transactions(
            account_id=account_id, filter=wanted, offset=offset, count=count
        ),
        deadline=deadline,
    )
    return ReadPage(
        [entry.raw for entry in page.items], page.total_count, Read(None, Freshness.LIVE, clock.now())
    )
