"""Writing the rules for what stores give on trust."""

from django.db import transaction

from engage_portal.core import clock
from promotions.models import TrustRule


@transaction.atomic
def rule_save(*, rule: TrustRule, by: str) -> TrustRule:
    """Keep a checked rule, with who wrote it. What was given before it counts towards its totals of the day."""
    rule.changed_by, rule.changed_at = by, clock.now()
    rule.save()
    return rule


@transaction.atomic
def rule_delete(*, rule: TrustRule) -> bool:
    """Take a rule away; False where somebody else did before. May run twice."""
    removed, _ = TrustRule.objects.filter(pk=rule.pk).delete()
    return bool(removed)
