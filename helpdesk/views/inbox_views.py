"""Views that agents keep, and the names of tags: each in one place."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk import inbox
from helpdesk.access import AgentRequest, agent_required
from helpdesk.finding.meaning import understand
from helpdesk.models import AgentSettings, Batch, SavedView, Tag, Ticket
from helpdesk.models.views import slug_of_tag
from helpdesk.renaming import rename_tag
from helpdesk.views.inbox_actions import undoes

SUGGESTED = 12


class SavedViewForm(forms.ModelForm):
    class Meta:
        model = SavedView
        fields = ["name", "query", "audience", "team"]
        widgets = {"audience": forms.RadioSelect}
        help_texts = {"query": "As in the search box: is:open tag:billing -tag:spam “double charge”"}
        labels = {"audience": "Who sees it"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team: Any = self.fields["team"]
        team.queryset, team.empty_label = self.instance.owner.teams.all(), "Choose a team"
        if not team.queryset.exists():
            del self.fields["team"]
            audience: Any = self.fields["audience"]
            audience.choices = [choice for choice in SavedView.Audience.choices if choice[0] != SavedView.Audience.TEAM]

    def clean_query(self) -> str:
        query = self.cleaned_data["query"]
        if problems := understand(query, agent=self.instance.owner).problems:
            raise forms.ValidationError(problems)
        return str(query)


@require_http_methods(["GET", "POST"])
@agent_required
def saved_views(request: AgentRequest) -> HttpResponse:
    """All of them in their order, and the form for a new one."""
    new = SavedView(owner=request.user, query=request.GET.get("q", "")[:300])
    form = SavedViewForm(request.POST or None, instance=new)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        messages.success(request, f"{saved.name} is among your views")
        return redirect("inbox:list", view=saved.slug)
    kept = inbox.saved_views(request.user)
    mine = set(SavedView.objects.editable_by(request.user).values_list("pk", flat=True))
    status = 422 if request.method == "POST" else 200
    return render(request, "helpdesk/saved_views.html", {"form": form, "kept": kept, "mine": mine}, status=status)


@require_http_methods(["GET", "POST", "DELETE"])
@agent_required
def saved_view(request: AgentRequest, pk: int) -> HttpResponse:
    saved = get_object_or_404(SavedView.objects.editable_by(request.user), pk=pk)
    if undoes(request):
        saved.delete()
        messages.success(request, f"{saved.name} is deleted. No ticket was touched.")
        return redirect("inbox:saved_views")
    form = SavedViewForm(request.POST or None, instance=saved)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"{saved.name} is kept")
        return redirect("inbox:saved_views")
    return render(request, "helpdesk/saved_view.html", {"form": form, "saved": saved}, status=422 if request.method == "POST" else 200)


@require_POST
@agent_required
def view_place(request: AgentRequest, pk: int) -> HttpResponse:
    """One place up or down, for this agent alone."""
    order = [view.saved.pk for view in inbox.saved_views(request.user) if view.saved]
    if pk in order:
        at = order.index(pk)
        to = min(max(at + (-1 if request.POST.get("move") == "up" else 1), 0), len(order) - 1)
        order.insert(to, order.pop(at))
        AgentSettings.of(request.user).keep(view_order=order)
    return redirect("inbox:saved_views")


# --- Tags -------------------------------------------------------------------------------------------------------------


@require_safe
@agent_required
def tag_names(request: AgentRequest) -> JsonResponse:
    """Those that begin with what is typed, then those that hold it."""
    typed = slug_of_tag(request.GET.get("q", ""))
    begin = list(Tag.objects.filter(name__startswith=typed).values_list("name", flat=True)[:SUGGESTED])
    held = Tag.objects.filter(name__contains=typed).exclude(name__in=begin).values_list("name", flat=True)[: SUGGESTED - len(begin)]
    return JsonResponse({"tags": [*begin, *held]})


@require_safe
@agent_required
def all_tags(request: AgentRequest) -> HttpResponse:
    tags = list(Tag.objects.all())
    found = inbox.counts_of([Ticket.objects.visible_to(request.user).filter(tags__contains=[tag.name]) for tag in tags])
    running = Batch.objects.filter(action=Batch.Action.TAG, values__rename=True).unfinished().exists()
    return render(request, "helpdesk/tags.html", {"tags": zip(tags, found, strict=True), "running": running})


@require_POST
@agent_required
def tag(request: AgentRequest, pk: int) -> HttpResponse:
    """Another name for it. A name that is taken merges the two."""
    old, new = get_object_or_404(Tag, pk=pk), slug_of_tag(request.POST.get("name", ""))
    if not new or new == old.name:
        messages.error(request, "Write another name for the tag.")
        return redirect("inbox:all_tags")
    batch = rename_tag(old, new, by=request.user)
    messages.success(request, f"{old.name} becomes {new} on {batch.total} ticket{'' if batch.total == 1 else 's'}")
    return redirect("inbox:batch", pk=batch.pk)
