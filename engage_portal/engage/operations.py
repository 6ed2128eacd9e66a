"""Every call we make, with its API version, in one table.

v3 is the current version; v2 remains where v3 has no documented counterpart
[developer.voyado.com/en/introduction/changes-in-api-v3.html].
"""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Operation:
    """A method and a path template. Its text is what logs, errors and metrics show."""

    method: str
    path: str

    def __str__(self) -> str:
        """The form that `EngageError.operation` holds."""
        return f"{self.method} {self.path}"

    def path_with(self, ids: dict[str, str]) -> str:
        """The path with ids in place, each one encoded as exactly one segment."""
        for value in ids.values():
            if value in {"", ".", ".."}:
                raise ValueError(f"{self} needs an id")
        return self.path.format_map({name: quote(value, safe="") for name, value in ids.items()})


FIND_CONTACT_ID = Operation("GET", "/api/v3/contacts/id")
GET_CONTACT = Operation("GET", "/api/v3/contacts/{contactId}")
CREATE_CONTACT = Operation("POST", "/api/v3/contacts")
UPDATE_CONTACT = Operation("PATCH", "/api/v3/contacts/{contactId}")
UPDATE_CONTACT_TYPE = Operation("POST", "/api/v3/contacts/{contactId}/updateContactType")
DELETE_CONTACT = Operation("DELETE", "/api/v3/contacts/{contactId}")
BULK_CREATE_CONTACTS = Operation("POST", "/api/v3/contacts/bulk")
BULK_UPDATE_CONTACTS = Operation("PATCH", "/api/v3/contacts/bulk")
# A v3 path for the status is not documented.
BULK_STATUS = Operation("GET", "/api/v2/contacts/bulk/status")
LIST_CHANGED_CONTACTS = Operation("GET", "/api/v3/contacts/changes")
LIST_TRANSACTIONS = Operation("GET", "/api/v3/contacts/transactions")
# Nor is one for the count, which the documentation itself uses as its proof call.
COUNT_CONTACTS = Operation("GET", "/api/v2/contacts/count")
LIST_PROMOTION_ASSIGNMENTS = Operation("GET", "/api/v3/promotion-assignments")
ASSIGN_PROMOTION = Operation("POST", "/api/v3/promotion-assignments")
REDEEM_PROMOTION = Operation("POST", "/api/v3/promotion-assignments/{assignmentId}/redeem")
POST_RECEIPT = Operation("POST", "/api/v3/receipts")
LIST_STORES = Operation("GET", "/api/v3/stores")
LIST_CONSENTS = Operation("GET", "/api/v3/consents")
LIST_POINT_ACCOUNTS = Operation("GET", "/api/v3/point-accounts")
GET_POINT_ACCOUNT = Operation("GET", "/api/v3/point-accounts/{accountId}")
LIST_POINT_TRANSACTIONS = Operation("GET", "/api/v3/point-transactions")
LIST_VOUCHERS = Operation("GET", "/api/v3/reward-vouchers")
LIST_AVAILABLE_VOUCHERS = Operation("GET", "/api/v3/reward-vouchers/available")
LIST_REDEEMED_VOUCHERS = Operation("GET", "/api/v3/reward-vouchers/redeemed")
REDEEM_VOUCHER = Operation("POST", "/api/v3/reward-vouchers/{rewardVoucherId}/redeem")
REACTIVATE_VOUCHER = Operation("POST", "/api/v3/reward-vouchers/{rewardVoucherId}/reactivate")

MAY_BE_OFF = frozenset(
    map(
        str,
        (
            BULK_CREATE_CONTACTS,
            BULK_UPDATE_CONTACTS,
            BULK_STATUS,
            LIST_CHANGED_CONTACTS,
            LIST_CONSENTS,
            LIST_POINT_ACCOUNTS,
            GET_POINT_ACCOUNT,
            LIST_POINT_TRANSACTIONS,
            LIST_VOUCHERS,
            LIST_AVAILABLE_VOUCHERS,
            LIST_REDEEMED_VOUCHERS,
            REDEEM_VOUCHER,
            REACTIVATE_VOUCHER,
        ),
    )
)
"""What a tenant may do without, or a key may not be let in to, while all the rest works."""
