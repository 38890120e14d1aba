"""An agent's own: how the desk looks to them, whether they are here, what they are told; and the palette that finds and does everything."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk import inbox
from helpdesk.access import AgentRequest, agent_required
from helpdesk.finding.meaning import fold, understand
from helpdesk.models import AgentSettings, Customer, Notification, Ticket, User
from helpdesk.models.notifications import grouped
from helpdesk.search import retrieve
from helpdesk.views.inbox import answer

FOUND = 6  # of each kind


class SettingsForm(forms.ModelForm):
    told = forms.MultipleChoiceField(
        label="Tell me here", choices=Notification.Kind.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    mailed = forms.MultipleChoiceField(
        label="And by mail", choices=Notification.Kind.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = AgentSettings
        fields = ["density", "digest", "quiet_from", "quiet_to", "time_zone"]
        widgets = {
            "density": forms.RadioSelect,
            "digest": forms.RadioSelect,
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_to": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds, mine = Notification.Kind.values, self.instance
        self.initial["told"] = [kind for kind in kinds if kind not in mine.silent_kinds]
        self.initial["mailed"] = [kind for kind in kinds if kind not in mine.unmailed_kinds]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if (cleaned.get("quiet_from") is None) != (cleaned.get("quiet_to") is None):
            self.add_error("quiet_to", "Quiet hours need both a beginning and an end, or neither.")
        kinds = Notification.Kind.values
        self.instance.silent_kinds = [kind for kind in kinds if kind not in cleaned.get("told", kinds)]
        self.instance.unmailed_kinds = [kind for kind in kinds if kind not in cleaned.get("mailed", kinds)]
        return cleaned


@require_http_methods(["GET", "POST"])
@agent_required
def settings(request: AgentRequest) -> HttpResponse:
    form = SettingsForm(request.POST or None, instance=AgentSettings.of(request.user))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your settings are kept")
        return redirect("inbox:settings")
    status = 422 if request.method == "POST" else 200
    return render(request, "helpdesk/settings.html", {"form": form, "chosen": AgentSettings.of(request.user)}, status=status)


@require_http_methods(["POST", "DELETE"])
@agent_required
def away(request: AgentRequest) -> HttpResponse:
    """No ticket is given to them meanwhile; what they have stays theirs."""
    is_back = request.method == "DELETE" or request.POST.get("_method") == "delete"
    AgentSettings.of(request.user).keep(away_since=None if is_back else timezone.now())
    messages.success(request, "You are here again" if is_back else "You are away: no ticket is given to you until you are back")
    return redirect("inbox:settings")


# --- Told -------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@agent_required
def notifications(request: AgentRequest) -> HttpResponse:
    """What is new, a line a ticket; POST: all of it is seen."""
    if request.method == "POST":
        Notification.objects.filter(user=request.user, read_at=None).update(read_at=timezone.now())
        if not request.htmx:
            return redirect("inbox:notifications")
    context = {"told": grouped(request.user)}
    return answer(request, "helpdesk/_told.html" if request.htmx else "helpdesk/notifications.html", context)


@require_safe
@agent_required
def bell(request: AgentRequest) -> HttpResponse:
    """How much is new, for the bell of an open page."""
    return answer(request, "helpdesk/_bell.html", {})


# --- The palette ------------------------------------------------------------------------------------------------------


@require_safe
@agent_required
def palette(request: AgentRequest) -> HttpResponse:
    """Tickets, customers and articles for what is typed. What can be done, the page knows itself."""
    words = request.GET.get("q", "").strip()[:100]
    context: dict[str, Any] = {"words": words}
    if words:
        meaning = understand(words, agent=request.user)
        context["tickets"] = inbox.page(Ticket.objects.visible_to(request.user), agent=request.user, meaning=meaning, size=FOUND).rows
        context["customers"] = customers_called(words, request.user)
        context["articles"] = [hit for hit in retrieve.fulltext(words, request.user, limit=FOUND) if hit.kind == "article"]
    return answer(request, "helpdesk/_palette.html", context)


def customers_called(words: str, agent: User) -> list[Customer]:
    """By the beginnings of the words of their names and addresses, in the index of migration 0029."""
    lexemes = "".join(letter if letter.isalnum() else " " for letter in fold(words)).split()[:8]
    if not lexemes:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_CALLED, [" & ".join(f"'{word}':*" for word in lexemes), FOUND])
        ids = [row[0] for row in cursor.fetchall()]
    return list(Customer.objects.visible_to(agent).filter(pk__in=ids).select_related("organisation"))


_CALLED = """
SELECT id FROM helpdesk_customer WHERE helpdesk_names(name || ' ' || coalesce(email, ''), 'A') @@ %s::tsquery LIMIT %s
"""
