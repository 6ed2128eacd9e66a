"""The words of consents, in the language that a page speaks."""

from collections.abc import Mapping, Sequence

from contacts.models import ConsentText

LANGUAGES = ("en",)
"""What the pages are written in, best first; where a consent has none of them any language is better than no words."""


def consent_texts(languages: Sequence[str] = LANGUAGES) -> Mapping[str, ConsentText]:
    """Consent id → the newest words in the first of these languages that it has, else in another. One query."""
    found: dict[str, ConsentText] = {}
    for text in ConsentText.objects.order_by("consent_id", "language", "version"):
        known = found.get(text.consent_id)
        if known is None or _rank(text, languages) <= _rank(known, languages):
            found[text.consent_id] = text
    return found


def _rank(text: ConsentText, languages: Sequence[str]) -> int:
    """Lower is better."""
    spoken = text.language.lower().partition("-")[0]
    return languages.index(spoken) if spoken in languages else len(languages)


def consent_names() -> dict[str, str]:
    """Flat name → what a consent is called. One query."""
    return {f"consents.{key}": text.name for key, text in consent_texts().items() if text.name}
