"""What a tenant's files are like: names, folders, transformations.

Engage's default names hold only where the tenant has no transformation (XSLT) of its own on the import or export
[developer.voyado.com/docs/file-based-transfer/contact-xml-export], so each of them can be another in a TOML file
(`profile_file.py`; `docs/file-profile.toml` is one with all defaults).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engage_portal.engage.xml.content import FileType
from engage_portal.engage.xml.names import DEFAULT_NAMES, ExportNames
from engage_portal.engage.xml.promotions import DEFAULT_PROMOTION_NAMES, PromotionNames


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProfile:
    """The files of one import."""

    is_enabled: bool = True
    """Whether files of this kind are sent at all."""
    folder: str | None = None
    """On the server, from where one logs in. None: not known, and nothing can be sent."""
    suffix: str
    """The last part of a file's name."""
    namespace: str = ""
    root: str
    section: str = ""
    """Between root and records; empty: there is none."""
    record: str = ""
    """Of contacts it is empty: there it depends on the type."""
    records: Mapping[str, str] = field(default_factory=dict)
    """Contact type → its element; of any other type it is the handle in lower case."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Engage's name → theirs, where the two differ. `items/item` is the item below items, `item` any."""
    minimum_age: int = 0
    """Of contacts, in years: Engage skips whoever is younger. 0: there is none, or it is not known."""
    group_currency: str = ""
    """Receipts in it that name no rate get the rate 1; empty: not known."""
    xslt: Path | None = None
    """A transformation of our own, applied to the finished file."""

    def name(self, field: str, parent: str) -> str:
        """What they call a field; `parent` is Engage's name of the element above."""
        return self.fields.get(f"{parent}/{field}") or self.fields.get(field, field)

    def qualified(self, name: str) -> str:
        """A name with its namespace, as lxml writes it."""
        return f"{{{self.namespace}}}{name}" if self.namespace else name


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantProfile:
    """All kinds of files."""

    contacts_import: ImportProfile
    transactions_import: ImportProfile
    redeemed_promotions_import: ImportProfile
    contacts_export: ExportNames
    promotions_export: PromotionNames

    def of(self, file_type: FileType) -> ImportProfile:
        """The part for an import."""
        return {
            FileType.CONTACTS: self.contacts_import,
            FileType.TRANSACTIONS: self.transactions_import,
            FileType.REDEEMED_PROMOTIONS: self.redeemed_promotions_import,
        }[file_type]


DEFAULT_PROFILE = TenantProfile(
    # Root, namespace and section as in [developer.voyado.com/docs/file-based-transfer/avoid-triggering-export].
    contacts_import=ImportProfile(
        suffix="contacts", namespace="http://eClub.Schemas.ImportContact", root="contacts", section="new"
    ),
    # [developer.voyado.com/en/receipts/receipt-xml-import.html]; the record's name is inferred.
    transactions_import=ImportProfile(
        folder="integration/transactionImport",
        suffix="transactions",
        namespace="http://voyado.Schemas.ImportReceipts",
        root="transactions",
        record="transaction",
    ),
    # No page gives this format, so it is off until Voyado has agreed to one.
    redeemed_promotions_import=ImportProfile(
        is_enabled=False, suffix="redeemedPromotions", root="redeemedPromotions", record="redeemedPromotion"
    ),
    contacts_export=DEFAULT_NAMES,
    promotions_export=DEFAULT_PROMOTION_NAMES,
)
