"""What customers say of answers and articles by rating them: signals that count by how unusual they are for who gives them."""

from __future__ import annotations

import datetime as dt

from helpdesk.events import consumer
from helpdesk.models import Article, ArticleFeedback, Customer, Event, Message, Rating, Ticket
from learning import ledger, raters
from learning.models import Decision, Signal

FROM_ANSWER = dt.timedelta(days=1)  # who rates an article later has found it by another way
THUMBS = ("thumbs_up", "thumbs_down")
RATED = ("rated_well", "rated_badly")


@consumer("ratings", {"ticket.rated", "article.feedback"})
def learn(event: Event) -> None:
    """Only of customers: a visitor without a name has been shown no answer."""
    customer = event.customer
    if customer is None:
        return
    if event.verb == "ticket.rated" and event.ticket is not None:
        decision = _answered_alone(event.ticket)
        verdict = raters.of_rating(event.data["score"])
    else:
        decision = _that_led_to(event.data["article"], customer, event.at)
        verdict = float(event.data["helpful"])
    if decision is not None:
        _note(decision, event, verdict, RATED if event.ticket is not None else THUMBS)


def _note(decision: Decision, event: Event, verdict: float, kinds: tuple[str, str]) -> None:
    """The last word counts: what was said in the same way before is taken back."""
    if Signal.objects.filter(event=event, decision=decision).exists():
        return
    ledger.reverse(decision, list(kinds), at=event.at)
    found = raters.surprise(verdict, verdicts_of(event.customer, but_for=event))
    if found:
        ledger.note(decision, kinds[found < 0], event=event, at=event.at, strength=abs(found))


def verdicts_of(customer: Customer | None, *, but_for: Event) -> list[float]:
    """What this customer said before, of other tickets and articles: ratings and thumbs alike, in [0, 1]."""
    ratings = Rating.objects.filter(customer=customer, at__lt=but_for.at).exclude(ticket=but_for.ticket)
    thumbs = ArticleFeedback.objects.filter(customer=customer, at__lt=but_for.at).exclude(article=but_for.data.get("article"))
    found = [raters.of_rating(score) for score in ratings.order_by("pk").values_list("score", flat=True)]
    return found + [float(helpful) for helpful in thumbs.order_by("pk").values_list("helpful", flat=True)]


def _answered_alone(ticket: Ticket) -> Decision | None:
    """The answer that was the last word, where no person had one."""
    if ticket.messages.public().filter(author=Message.Author.AGENT).exists():
        return None
    return Decision.objects.shown().select_related("customer").filter(ticket=ticket).order_by("-pk").first()


def _that_led_to(article: int, customer: Customer, at: dt.datetime) -> Decision | None:
    """The answer that pointed this customer to the article, if one did lately."""
    source = Article.objects.filter(pk=article).values("source")
    shown = Decision.objects.shown().select_related("customer").filter(customer=customer, at__range=(at - FROM_ANSWER, at))
    return shown.filter(source__in=source).order_by("-pk").first()
