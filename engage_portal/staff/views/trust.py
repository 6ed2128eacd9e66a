"""Offers on trust: what stores may give while Engage is away, and what that cost."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from engage_portal.accounts.access import staff_page
from engage_portal.staff.permissions import TRUST, VIEW
from engage_portal.staff.trust_form import TrustRuleForm, rule_words
from promotions.models import TrustRule
from promotions.selectors.trust import today
from promotions.selectors.trusted import total_of, trusted_days
from promotions.services.trust_rules import rule_delete, rule_save

_PERIODS = ((7, "7 days"), (30, "30 days"), (92, "3 months"))
_USUAL = 30


class PeriodForm(forms.Form):
    """How far back, and whose."""

    days = forms.TypedChoiceField(label="The last", choices=_PERIODS, coerce=int, required=False)
    store = forms.CharField(required=False, max_length=100)


@require_safe
@staff_page(VIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """What was given before Engage had heard of it, what Engage said later, and the rules."""
    form = PeriodForm({"days": _USUAL, **request.GET.dict()})
    found = []
    if form.is_valid():
        first = today() - timedelta(days=(form.cleaned_data["days"] or _USUAL) - 1)
        found = trusted_days(first=first, last=today(), store=form.cleaned_data["store"].strip())
    rules = [(rule, rule_words(rule)) for rule in TrustRule.objects.all()]
    context = {"form": form, "found": found, "total": total_of(found), "rules": rules}
    return render(request, "staff/trust.html", context)


@staff_page(TRUST)
def rule(request: HttpRequest, pk: int | None = None) -> HttpResponseBase:
    """Write a rule, or change one."""
    kept = get_object_or_404(TrustRule, pk=pk) if pk else TrustRule()
    form = TrustRuleForm(request.POST or None, instance=kept)
    if request.method == "POST" and form.is_valid():
        rule_save(rule=form.save(commit=False), by=request.user.get_username())
        messages.success(request, "The rule is kept. It counts from now on.")
        return redirect("staff:trust")
    return render(request, "staff/trust_rule.html", {"form": form, "rule": kept})


@staff_page(TRUST)
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take a rule away."""
    if rule_delete(rule=get_object_or_404(TrustRule, pk=pk)):
        messages.success(request, "The rule is gone.")
    else:
        messages.info(request, "Somebody has taken it away already.")
    return redirect("staff:trust")
