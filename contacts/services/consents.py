"""The words of consents: what Engage has now, and every version that anybody was shown."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.core.cache import cache
from django.db import IntegrityError, transaction

from contacts.models import ConsentText
from contacts.snapshots import OUTAGES
from engage_portal.core.clock import Deadline
from engage_portal.engage import ConsentDefinition
from engage_portal.outbox.line import door

_FLAG = "contacts:consent-texts"
_ASKED = "contacts:consents-asked"
_FRESH_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent as it is asked for now: its newest text in each language."""

    id: str
    texts: tuple[ConsentText, ...]

    @property
    def name(self) -> str:
        """What Engage calls it."""
        return next((text.name for text in self.texts if text.name), self.id)


def consents_current(*, deadline: Deadline) -> list[Consent]:
    """What the tenant asks for, newest words in each language; Engage is asked once an hour, where it answers in time.

    Raises Unavailable where Engage is away and was never asked before.
    """
    if not cache.get(_FLAG):
        try:
            consents_store(door.ask(lambda client: client.list_consents(), deadline=deadline))
        except OUTAGES:
            if not ConsentText.objects.exists():
                raise
    return list(_newest())


def consents_store(definitions: Collection[ConsentDefinition]) -> None:
    """Keep the words that are new, each as the next version of its consent and language. May run twice."""
    for definition in definitions:
        for language in sorted({*definition.display_text, *definition.condition_text, *definition.link_text}):
            _keep(definition, language)
    cache.set(_ASKED, [definition.id for definition in definitions], None)
    cache.set(_FLAG, 1, _FRESH_SECONDS)


def _keep(definition: ConsentDefinition, language: str) -> None:
    words = {
        "name": (definition.name or "")[:300],
        "display_text": definition.display_text.get(language, ""),
        "condition_text": definition.condition_text.get(language, ""),
        "link_text": definition.link_text.get(language, ""),
    }
    known = ConsentText.objects.filter(consent_id=definition.id[:100], language=language[:20])
    last = known.order_by("-version").first()
    if last is not None and all(getattr(last, name) == text for name, text in words.items()):
        return
    version = last.version + 1 if last else 1
    try:
        with transaction.atomic():
            ConsentText.objects.create(
                consent_id=definition.id[:100], language=language[:20], version=version, **words
            )
    except IntegrityError:
        return  # another process kept the same words at the same moment


def _newest() -> Iterator[Consent]:
    newest: dict[str, dict[str, ConsentText]] = {}
    for text in ConsentText.objects.order_by("consent_id", "language", "version"):
        newest.setdefault(text.consent_id, {})[text.language] = text
    asked = cache.get(_ASKED) or list(newest)  # Engage may no longer ask for one that it once did
    for consent_id, by_language in newest.items():
        if consent_id not in asked:
            continue
        yield Consent(consent_id, tuple(by_language.values()))
