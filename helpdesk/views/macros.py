"""Macros: the page where agents keep them, and their use in a ticket."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk import macros
from helpdesk.access import AgentRequest, agent_required
from helpdesk.formatting import MESSAGE_LIMIT, clean_line
from helpdesk.models import Macro, Team, User
from helpdesk.views.inbox import answer, visible, whole
from helpdesk.views.inbox_actions import done

ROWS = 50
GAPS = [f"{{{{{name}}}}}" for name in macros.VARIABLES]
EXAMPLE = "{{customer.first_name|there}}"


class MacroForm(forms.ModelForm):
    tags = forms.CharField(required=False, max_length=400, help_text="Separated by commas.")
    give = forms.ChoiceField(label="Give it to", required=False)
    body = forms.CharField(label="Reply", required=False, strip=False, max_length=MESSAGE_LIMIT, widget=forms.Textarea(attrs={"rows": 8}))

    class Meta:
        model = Macro
        fields = ["name", "body", "tags", "priority", "state", "audience", "audience_team"]

    def __init__(self, *args: Any, agent: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams, agents = list(Team.objects.all()), list(User.objects.filter(is_active=True))
        mine = teams if agent.is_admin else list(agent.teams.all())
        self.fields["audience_team"].queryset = Team.objects.filter(pk__in=[team.pk for team in mine])  # type: ignore[attr-defined]
        people: list[tuple[str, Any]] = [("", "Leave it as it is"), ("me", "Whoever uses this")]
        people += [("Teams", [(f"team:{team.pk}", team.name) for team in teams])] if teams else []
        self.fields["give"].choices = [*people, ("People", [(f"user:{each.pk}", each.name) for each in agents])]  # type: ignore[attr-defined]
        if self.instance.pk:
            macro = self.instance
            self.initial["tags"] = ", ".join(macro.tags)
            self.initial["give"] = (
                "me"
                if macro.to_me
                else f"user:{macro.assignee_id}"
                if macro.assignee_id
                else f"team:{macro.team_id}"
                if macro.team_id
                else ""
            )

    def clean_tags(self) -> list[str]:
        return [
            tag for each in self.cleaned_data["tags"].split(",") if (tag := clean_line(each, limit=40).lower().strip().replace(" ", "-"))
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("audience") == Macro.Audience.TEAM and not given.get("audience_team"):
            self.add_error("audience_team", "Choose the team.")
        if given.get("audience") != Macro.Audience.TEAM:
            given["audience_team"] = None
        if names := macros.unknown(given.get("body", "")):
            self.add_error("body", f"Nothing is called {{{{{names[0]}}}}}. What there is stands beside the text.")
        kind, _, pk = given.get("give", "").partition(":")
        self.instance.to_me = kind == "me"
        self.instance.assignee_id, self.instance.team_id = (whole(pk) if kind == name else None for name in ("user", "team"))
        if not (given.get("body", "").strip() or given.get("tags") or given.get("priority") or given.get("state") or kind):
            raise ValidationError("Write a reply, or say what should happen to the ticket.")
        return given


@require_http_methods(["GET", "POST"])
@agent_required
def listing(request: AgentRequest) -> HttpResponse:
    """By name, a page at a time from the one before; a POST makes one."""
    if request.method == "POST":
        return _keep(request, Macro(owner=request.user))
    words, after = clean_line(request.GET.get("q", ""), limit=60), request.GET.get("after", "")
    rows = macros.found(request.user, words).order_by("name", "pk")
    last = rows.filter(pk=whole(after)).first() if after else None
    if last:
        rows = rows.filter(name__gte=last.name).exclude(name=last.name, pk__lte=last.pk)
    shown = list(rows[: ROWS + 1])
    more = shown[ROWS - 1].pk if len(shown) > ROWS else None
    return render(request, "helpdesk/macros.html", {"macros": shown[:ROWS], "q": words, "more": more, "is_first": last is None})


@require_safe
@agent_required
def new(request: AgentRequest) -> HttpResponse:
    begun = {"body": request.GET.get("body", "")[:MESSAGE_LIMIT]}
    return _page(request, MacroForm(agent=request.user, initial=begun), Macro())


@require_http_methods(["GET", "POST"])
@agent_required
def edit(request: AgentRequest, pk: int) -> HttpResponse:
    macro = get_object_or_404(Macro.objects.visible_to(request.user), pk=pk)
    if request.method == "POST":
        return _keep(request, macro)
    return _page(request, MacroForm(agent=request.user, instance=macro), macro)


@require_POST
@agent_required
def removal(request: AgentRequest, pk: int) -> HttpResponse:
    macro = get_object_or_404(Macro.objects.visible_to(request.user), pk=pk)
    macro.remove(by=request.user)
    messages.success(request, f"Removed “{macro.name}”")
    return redirect("inbox:macros")


@require_POST
@agent_required
def preview(request: AgentRequest) -> HttpResponse:
    """How it would read for somebody."""
    return render(request, "helpdesk/macro_edit.html#preview", _previewed(request, request.POST.get("body", "")))


@require_safe
@agent_required
def offers(request: AgentRequest, number: int) -> HttpResponse:
    """For the menu in the composer: those that fit what is typed after the slash, their gaps filled in for this ticket."""
    ticket = visible(request, number)
    found = list(macros.found(request.user, request.GET.get("q", ""))[: macros.OFFERED])
    filled = [(each, macros.render(each.body, ticket=ticket, agent=request.user)) for each in found]
    return answer(request, "helpdesk/_macro_offers.html", {"filled": filled, "ticket": ticket})


@require_POST
@agent_required
def application(request: AgentRequest, number: int, pk: int) -> HttpResponse:
    """Of one without words: what it does, at once."""
    ticket = visible(request, number)
    macro = get_object_or_404(Macro.objects.visible_to(request.user), pk=pk)
    macro.apply(ticket, by=request.user)
    return done(request, ticket, f"{macro.name}: done")


def _keep(request: AgentRequest, macro: Macro) -> HttpResponse:
    form = MacroForm(request.POST, agent=request.user, instance=macro)
    if request.POST.get("then") == "preview" or not form.is_valid():
        return _page(request, form, macro, status=200 if request.POST.get("then") == "preview" else 422)
    form.instance.keep(by=request.user)
    messages.success(request, f"Kept “{form.instance.name}”")
    return redirect("inbox:macros")


def _page(request: AgentRequest, form: MacroForm, macro: Macro, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "macro": macro, "variables": GAPS, "example": EXAMPLE, **_previewed(request, form["body"].value() or "")}
    return render(request, "helpdesk/macro_edit.html", context, status=status)


def _previewed(request: AgentRequest, body: str) -> dict[str, Any]:
    ticket = macros.sample(request.user)
    return {"previewed": macros.render(body[:MESSAGE_LIMIT], ticket=ticket, agent=request.user), "unknown": macros.unknown(body)}
