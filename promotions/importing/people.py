"""Whose assignments they are."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from contacts.following import noting
from contacts.importing import rows
from contacts.importing.rows import MEMBER, Row
from contacts.importing.values import key_of
from contacts.models import Contact
from engage_portal.engage.xml import Told
from promotions.importing.saying import Said

_REASON = "import"
NOBODY, DELETED = "no contactId, and nobody here has the key", "the contact was deleted"


class People:
    """The contacts of a piece, locked: whoever writes offers of one of them waits for the other.

    Somebody whom only Engage knows gets a row with Engage's id, as everywhere, and is noted to be fetched: a till that
    asks by that id is answered at once, and by other keys once they were fetched. `contactKey` is taken for the
    tenant's key (`ENGAGE_KEY`): the page does not say which field it is. It counts only where there is no contactId.
    """

    def __init__(self, entries: Sequence[Said]) -> None:
        """In the transaction. Raises IntegrityError where somebody else is creating the same contact."""
        self._column = rows.key_column()
        wanted = {each.engage_id for each in entries if each.engage_id}
        self._by_id = rows.with_ids(wanted, is_locked=True)
        self._create([each for each in entries if self._is_stranger(each)])
        keys = {key_of(self._column, each.key) for each in entries if not each.engage_id} - {""}
        self._by_key: Mapping[str, Row] = rows.with_keys(keys, is_locked=True)

    def of(self, entry: Said) -> UUID | str | None:
        """Our id of the contact; a sentence where it is nobody who may have offers; None where nothing is said."""
        if entry.engage_id:
            row = self._by_id.get(entry.engage_id)
        elif entry.key:
            row = self._by_key.get(key_of(self._column, entry.key))
        else:
            return None
        if row is None:
            return NOBODY
        return DELETED if row.is_deleted else UUID(row.pk)

    def _is_stranger(self, entry: Said) -> bool:
        return bool(entry.engage_id) and entry.engage_id not in self._by_id and entry.told is not Told.DELETED

    def _create(self, entries: Sequence[Said]) -> None:
        new = {
            UUID(each.engage_id): Contact(
                pk=UUID(each.engage_id),
                engage_contact_id=UUID(each.engage_id),
                contact_type=each.contact_type or MEMBER,
            )
            for each in entries
        }
        if not new:
            return
        # Who came in at the same moment is taken as they are.
        Contact.objects.bulk_create([new[each] for each in sorted(new)], ignore_conflicts=True)
        noting.note(new, reason=_REASON)
        self._by_id |= rows.with_ids({each.hex for each in new}, is_locked=True)
