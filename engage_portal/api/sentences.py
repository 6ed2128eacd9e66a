"""What a till may say, to its cashier and to the customer, in the language that it asks for."""

from enum import Enum


class Situation(Enum):
    """What was found out about the person at the till."""

    FOUND = "found"
    """Known, and what we know is new."""
    OLD = "old"
    """Known, from our copy; Engage is away."""
    NO_OFFERS = "no_offers"
    """Known, but their offers could not be had."""
    NOT_ON_TRUST = "not_on_trust"
    """Known, from our copy; Engage is away, and the store's rule lets none of their offers be used until it answers."""
    NOBODY = "nobody"
    """Engage knows nobody with this identifier."""
    UNKNOWN = "unknown"
    """Engage is away, and our copy does not know them."""


# The wording that Engage's integration principles suggest for the checkout.
NOTICE = (
    "There were problems handling your member data. You can proceed with your purchase, but your member offers may "
    "not be available right now. Contact customer service for more information."
)
_NOTICE_SV = (
    "Det gick inte att hantera dina medlemsuppgifter just nu. Du kan slutföra ditt köp, men dina medlemserbjudanden "
    "kanske inte är tillgängliga. Kontakta kundtjänst för mer information."
)

_SENTENCES: dict[str, dict[Situation, tuple[str, str]]] = {
    "en": {
        Situation.FOUND: ("Member found.", ""),
        Situation.OLD: ("Member found in our copy. Engage is away; offers may be used all the same.", ""),
        Situation.NOT_ON_TRUST: ("Member found in our copy. Engage is away, and their offers have to wait.", ""),
        Situation.NO_OFFERS: ("Member found. Their offers cannot be shown right now; the sale will count.", NOTICE),
        Situation.NOBODY: ("Nobody has this. Check it, or offer a membership.", ""),
        Situation.UNKNOWN: (
            "Engage is away, and this customer is not in our copy. Carry on; the sale is credited later.", NOTICE
        ),
    },
    "sv": {
        Situation.FOUND: ("Medlemmen är hittad.", ""),
        Situation.OLD: ("Medlemmen finns i vår kopia. Engage svarar inte; erbjudanden kan användas ändå.", ""),
        Situation.NOT_ON_TRUST: ("Medlemmen finns i vår kopia. Engage svarar inte; erbjudandena får vänta.", ""),
        Situation.NO_OFFERS: ("Medlemmen är hittad. Erbjudandena kan inte visas just nu; köpet räknas.", _NOTICE_SV),
        Situation.NOBODY: ("Ingen har den uppgiften. Kontrollera den, eller erbjud ett medlemskap.", ""),
        Situation.UNKNOWN: (
            "Engage svarar inte, och kunden finns inte i vår kopia. Fortsätt; köpet registreras senare.", _NOTICE_SV
        ),
    },
}  # fmt: skip


def notice(language: str) -> str:
    """What customers hear while Engage is away; English where the language is not known."""
    return sentences(Situation.UNKNOWN, language)[1]


def sentences(situation: Situation, language: str) -> tuple[str, str]:
    """One for the cashier and one for the customer, which may be empty; English where the language is not known."""
    spoken = _SENTENCES.get(language.partition("-")[0].casefold(), _SENTENCES["en"])
    return spoken[situation]
