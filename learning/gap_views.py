"""What agents see of questions that nothing answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from helpdesk.access import AgentRequest, agent_required
from helpdesk.models import Ticket, User
from learning import behind, gaps, trial
from learning.models import Decision, Gap, GapQuestion
from learning.models.gap import Stale

ROWS, TICKETS = 50, 50
OVER = [Gap.State.PUBLISHED, Gap.State.CLOSED, Gap.State.DISMISSED]
LIST_FIELDS = (
    "title",
    "terms",
    "state",
    "customers",
    "lift",
    "expected",
    "facts",
    "tested",
    "trial",
    "closed_at",
    "published_at",
    "edited_by",
)


class DraftForm(forms.Form):
    title = forms.CharField(label="Title", max_length=200)
    body = forms.CharField(label="Text, in Markdown", max_length=20_000, widget=forms.Textarea(attrs={"rows": 12}))
    mark = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)

    @classmethod
    def of(cls, gap: Gap) -> DraftForm:
        return cls(initial={"title": gap.draft_title, "body": gap.draft_body, "mark": gap.draft_mark})


@require_safe
@agent_required
def listing(request: AgentRequest) -> HttpResponse:
    """Those without an article by what one should bring, then those that have one."""
    seen = Gap.objects.visible_to(request.user).only(*LIST_FIELDS)
    ranked = list(seen.ranked()[:ROWS])
    over = list(seen.filter(state__in=OVER).order_by("-pk")[:ROWS])
    most = max((gap.expected for gap in ranked), default=0.0) or 1.0
    context = {
        "ranked": [(gap, round(100 * gap.expected / most)) for gap in ranked],
        "over": over,
        "asked": sum(gap.facts.get("questions", 0) for gap in ranked),
    }
    return render(request, "learning/gaps.html", context)


@require_safe
@agent_required
def show(request: AgentRequest, pk: int) -> HttpResponse:
    return page(request, _gap(request, pk))


@require_POST
@agent_required
def draft(request: AgentRequest, pk: int) -> HttpResponse:
    gap = _gap(request, pk)
    refused, saved = _save(request, gap)
    if refused is not None:
        return refused
    if saved:
        messages.success(request, "Saved. It is not drafted over any more.")
    return redirect(gap)


@require_POST
@agent_required
def article(request: AgentRequest, pk: int) -> HttpResponse:
    """“Write this article”: into the editor of articles, with the draft as it stands in the form."""
    if not may_write(request.user):
        raise PermissionDenied
    gap = _gap(request, pk)
    refused, _ = _save(request, gap, may_be_empty=True)
    if refused is not None:
        return refused
    written = gap.write_article(by=request.user, at=timezone.now())
    return redirect(reverse("admin:helpdesk_article_change", args=[written.pk]))


@require_safe
@agent_required
def tickets(request: AgentRequest, pk: int) -> HttpResponse:
    """The tickets that one number of a gap counts."""
    gap, what = _gap(request, pk), request.GET.get("what", "questions")
    if what not in LISTS:
        raise Http404("Nothing is counted by that name.")
    title, says, found = LISTS[what]
    first = gap.questions.order_by("at").values_list("at", flat=True).first()
    return behind.page(
        request,
        Decision.objects.filter(pk__in=list(found(gap).values_list("decision", flat=True))),
        title=f"{title} · {gap.title}",
        says=says,
        back=(gap.get_absolute_url(), "The gap"),
        since=first or gap.opened_at,
        until=timezone.now(),
        address={"what": what},
    )


def _one_each(gap: Gap) -> QuerySet[GapQuestion]:
    return gap.own.exclude(customer=None).order_by("customer_id", "-at", "-pk").distinct("customer_id")


def _by_it(gap: Gap) -> QuerySet[GapQuestion]:
    return gap.questions.filter(pk__in=[row.pk for row in gaps.latest_of(gap) if row.kind == GapQuestion.Kind.ANSWERED])


LISTS: dict[str, tuple[str, str, Callable[[Gap], QuerySet[GapQuestion]]]] = {
    "questions": ("Questions", "What no article answered.", lambda gap: gap.own),
    "customers": ("Customers", "The newest question of each.", _one_each),
    "now": (
        "Answered now",
        "The newest of its questions were asked again; these would be answered.",
        lambda gap: gap.own.filter(ticket__in=gap.tested.get("tickets", [])),
    ),
    "later": ("Asked since", "The newest ones since its article is out.", gaps.latest_of),
    "by_it": ("Answered by it", "The newest ones since its article is out, answered by it, and that held.", _by_it),
}


@require_POST
@agent_required
def test(request: AgentRequest, pk: int) -> HttpResponse:
    """Ask its questions again."""
    gap = _gap(request, pk)
    gaps.try_again(gap, at=timezone.now())
    messages.success(request, f"Asked again: {gap.tested['now']} of {gap.tested['of']} would be answered now")
    return redirect(gap)


@require_POST
@agent_required
def dismissal(request: AgentRequest, pk: int) -> HttpResponse:
    """“There is nothing to write about.”"""
    gap = _gap(request, pk)
    if gap.dismiss(by=request.user, at=timezone.now()):
        messages.success(request, "Dismissed. Its questions go on being gathered, and it does not come up again.")
    return redirect(gap)


@require_POST
@agent_required
def reopening(request: AgentRequest, pk: int) -> HttpResponse:
    gap = _gap(request, pk)
    if gap.reopen("An agent took it up again", by=request.user, at=timezone.now()):
        messages.success(request, "It is open again")
    return redirect(gap)


@require_POST
@agent_required
def removal(request: AgentRequest, pk: int, number: int) -> HttpResponse:
    """“This question is about something else.”"""
    gap = _gap(request, pk)
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user), pk=number)
    if gap.leave_out(ticket, by=request.user, at=timezone.now()):
        messages.success(request, f"{ticket.pk} does not belong to it any more")
    return redirect(gap)


def may_write(user: User) -> bool:
    return user.is_staff and user.has_perm("helpdesk.add_article")


def page(request: AgentRequest, gap: Gap, *, status: int = 200, **forms_: Any) -> HttpResponse:
    mine = Ticket.objects.visible_to(request.user)
    rows = gap.questions.filter(ticket__in=mine).select_related("ticket__customer", "ticket__organisation").order_by("-at", "-pk")
    linked, count = list(rows[:TICKETS]), gap.questions.count()
    before = [row for row in linked if not row.is_later]
    context = {
        "gap": gap,
        "form": DraftForm.of(gap),
        "linked": before,
        "later": [row for row in linked if row.is_later],
        "hidden": count - len(linked),
        "kinds": [(GapQuestion.Kind(kind).label, number) for kind, number in gap.facts.get("kinds", {}).items()],
        "trial": trial.in_words(gap.trial) if gap.published_at else "",
        "may_write": may_write(request.user),
        "visible": {row.ticket_id for row in linked},
        **forms_,
    }
    return render(request, "learning/gap.html", context, status=status)


def _save(request: AgentRequest, gap: Gap, *, may_be_empty: bool = False) -> tuple[HttpResponse | None, bool]:
    """What was typed, into the draft: the page once more where it is refused, and whether anything changed."""
    form = DraftForm(request.POST)
    form.fields["body"].required = not may_be_empty
    if not form.is_valid():
        return page(request, gap, form=form, status=422), False
    title, body, mark = (form.cleaned_data[name] for name in ("title", "body", "mark"))
    try:
        return None, gap.edit(title, body, by=request.user, at=timezone.now(), mark=mark)
    except Stale:
        gap = _gap(request, gap.pk)
        form.data = {**request.POST.dict(), "mark": gap.draft_mark}  # who has read what the other one wrote may save
        return page(request, gap, form=form, theirs=gap, status=409), False


def _gap(request: HttpRequest, pk: int) -> Gap:
    return get_object_or_404(Gap.objects.visible_to(request.user).select_related("article", "edited_by"), pk=pk)
