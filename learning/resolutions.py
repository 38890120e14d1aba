"""Learned resolutions: what agents answered where no article does, without the people in it."""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata

from django.conf.locale import LANG_INFO
from django.contrib.postgres.search import SearchQuery
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from helpdesk.formatting import clean_line
from helpdesk.models import Customer, Event, Message, Organisation, Source, Ticket, User
from helpdesk.models.events import SYSTEM
from helpdesk.models.knowledge import Audience
from helpdesk.search.index import index_source, outline
from learning import matching, merging
from learning.masking import mask
from learning.models import Decision, LearnedResolution
from learning.screening import objection, objections

QUESTION_LIMIT, ANSWER_LIMIT = 300, 6_000
TITLE_LENGTH = 160
TITLE_WORDS = 6
_GREETING = re.compile(
    r"^\s*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|guten (?:tag|morgen|abend)|hallo|sehr geehrter?|bonjour|bonsoir|hola|buen[oa]s (?:d[ií]as|tardes)|ciao|buongiorno|ol[áa])\b[^.!?\n,]{0,40}[,.!\-–—:]+\s*",
    re.IGNORECASE,
)
_THANKS = re.compile(r"^\s*(?:thanks|thank you)(?: (?:so|very) much)?(?: for [^.!\n]{0,60})?[.!,]\s*", re.IGNORECASE)
_SIGNATURE = re.compile(
    r"\n\s*(?:--\s*\n.*|(?:kind |best |warm |many )?(?:regards|wishes|thanks|cheers|yours sincerely|sincerely|all the best)\b[^\n]{0,20}(?:\n[^\n]{0,60}){0,4})\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_CODE = re.compile(r"\b[A-Z]{1,5}-?\d{3,}[\w-]*|\b(?!(?:19|20)\d\d\b)\d{4,}\b")
_CAPITAL = re.compile(r"(?<![\w\[])[A-Z][a-z]+(?:[A-Z][a-z]+)?\b")
_TAKEN_OUT = re.compile(r"\[[a-z]+\]")
_TAKEN = {
    "[name]": "a name",
    "[email]": "an address",
    "[phone]": "a phone number",
    "[reference]": "a case number",
    "[number]": "a number of somebody’s",
    "[account]": "an account",
    "[secret]": "a secret",
}
_BEFORE_NOUNS = (  # in German every noun has a capital letter; what begins with one of these, or follows one, is a thing
    "der|die|das|den|dem|des|ein|eine|einen|einem|einer|eines|kein|keine|keinen|zum|zur|beim|ihr|ihre|ihren|unser|unsere|unseren|mein|meine|meinen"
    "|dieser|diese|dieses|diesen"
)
_SPOKEN_TO = "sie|ihnen|ihr|ihre|ihren"
_PROPER = r"[A-Z][a-zà-ÿ]+(?:[’'-][A-Z]?[a-zà-ÿ]+)?"
_FULL_NAME = re.compile(
    rf"(?<![\w*\[>/])(?P<name>(?!(?i:{_BEFORE_NOUNS}|{_SPOKEN_TO})\b){_PROPER} (?!(?i:{_SPOKEN_TO})\b){_PROPER})\b(?!\*\*)"
)
_SOMEBODY = re.compile(
    rf"\b(?:[Aa]sk|[Cc]all|[Cc]ontact|[Ee]mail|[Pp]hone|[Rr]ing|[Tt]ell|[Ss]peak (?:to|with)|[Tt]alk to|[Ww]rite to|[Cc]olleague|Mr|Mrs|Ms|Dr)\.? (?P<name>{_PROPER}(?: {_PROPER})?)\b"
)
_WITH = "Android Apple Chrome Chromebook Edge Excel Firefox Google Intune Linux Mac Microsoft Okta Outlook Safari Samsung SharePoint Slack Teams Windows Word"
_LANGUAGES = {word for info in LANG_INFO.values() for word in info.get("name", "").split()}
SHARED = frozenset({*_WITH.split(), *_LANGUAGES, *calendar.day_name})  # capitals that name nobody
MONTHS = frozenset(calendar.month_name)  # nor do these, by themselves: June Hart is somebody
_COMMON = 3  # accounts that have written a word, from which on it is no name
_POINTS_BACK = re.compile(r"\b(?:those|these|them|they|it|this|that one)\b", re.IGNORECASE)  # to a sentence before
_QUOTED = re.compile(r"^>.*\n?", re.MULTILINE)


def is_taught_on_trial(source: Source, reply: Message) -> bool:
    """An agent approves with this reply what has still to prove itself."""
    return source.trial != "" and bool(reply.meta.get("teach"))


def learn(ticket: Ticket, reply: Message, asked: Decision, *, at: dt.datetime, known: Source | None = None) -> Source | None:
    """A source made of this question and the agent's reply, or the one that says the same already. `known`: what the reply was matched to, on trial;
    it is approved where it says the very same, and else left as it is.

    Live at once when the agent taught it and the filter finds nothing; without the agent's word it has to prove itself first, unseen.
    Returns the source, unless it waits for an agent: what the filter holds earns nothing.
    """
    question, answer, held = _words(ticket, reply, asked)
    if not answer or not question:
        return known
    taught = bool(reply.meta.get("teach")) and not held
    twin = _known(question, answer, asked, held)
    if known is not None and (twin is None or twin.source_id != known.pk):
        return known
    if twin is None:
        twin = _found(question, answer, ticket, reply, asked, held, taught, at)
    else:
        merging.join(twin, ticket, by=reply.user, taught=taught, at=at)
    return twin.source if twin.state != LearnedResolution.State.DRAFT else None


def hand_on(resolution: LearnedResolution, ticket: Ticket, reply: Message, asked: Decision) -> bool:
    """As if it had been learned from this ticket, which taught it too: its words, its place, its agent. False where the ticket has no words for it.

    Its outcomes stay its own; whether it is served is for others to say.
    """
    question, answer, held = _words(ticket, reply, asked)
    if not answer or not question:
        return False
    resolution.question, resolution.answer, resolution.held_because = question, answer, held
    resolution.ticket, resolution.message, resolution.taught_by, resolution.at = ticket, reply, reply.user, reply.at
    resolution.save(update_fields=["question", "answer", "held_because", "ticket", "message", "taught_by", "at"])
    source = resolution.source
    source.pages = [ticket.page[:200]] if ticket.page else []
    source.save(update_fields=["pages"])
    _say(resolution, at=reply.at)
    return True


def _words(ticket: Ticket, reply: Message, asked: Decision) -> tuple[str, str, str]:
    """The question and the answer without the people in them, and what the filter finds in them."""
    people = [ticket.customer.name, *([reply.user.name] if reply.user else [])]
    answer = without_colleagues(depersonalise(reply.body, people), ticket.customer)
    told = asked.question.removeprefix(ticket.subject).strip() or asked.question  # a subject of two words is a heading, and asks nothing
    question = clean_line(anonymous(ticket.subject if len(ticket.subject.split()) > 2 else told, people), limit=QUESTION_LIMIT)
    return question, answer, objection(answer) or objection(question) or names_left(answer)


def _known(question: str, answer: str, asked: Decision, held: str) -> LearnedResolution | None:
    """The one that says so already. What the filter holds is held once, in however many words; what it does not hold need not wait with that."""
    twin = merging.twin(question, answer)
    if twin is not None and (held or not twin.held_because):
        return twin
    if not held:
        return None
    waiting = LearnedResolution.objects.filter(state=LearnedResolution.State.DRAFT)
    source = matching.match(answer, [asked], among=Source.objects.filter(resolution__in=waiting))
    return waiting.filter(source=source).first() if source else None


@transaction.atomic
def _found(
    question: str, answer: str, ticket: Ticket, reply: Message, asked: Decision, held: str, taught: bool, at: dt.datetime
) -> LearnedResolution:
    source = _source(question, answer, ticket, asked, at)
    resolution = LearnedResolution.objects.create(
        source=source,
        question=question,
        answer=answer,
        held_because=held,
        ticket=ticket,
        message=reply,
        taught_by=reply.user,
        at=at,
    )
    Event.record("resolution.learned", by=reply.user or SYSTEM, at=at, ticket=ticket, resolution=resolution.pk, source=source.pk, held=held)
    if taught:
        resolution.approve(by=reply.user, at=at)
    elif not held:
        resolution.shadow(at=at)
    index_source(source, outline(source.title, f"{question}\n\n{answer}"))
    return resolution


@transaction.atomic
def rewrite(resolution: LearnedResolution, question: str, answer: str, *, by: User, at: dt.datetime, despite: str = "") -> bool:
    """An agent's own words for it, `despite` what the filter found. False when they are what it says already, or there are none."""
    question, answer = clean_line(question, limit=QUESTION_LIMIT), answer.strip()[:ANSWER_LIMIT]
    if not question or not answer or (question, answer) == (resolution.question, resolution.answer):
        return False
    resolution.question, resolution.answer, resolution.held_because = question, answer, (findings(question, answer) or [""])[0]
    resolution.save(update_fields=["question", "answer", "held_because"])
    _say(resolution, at=at)
    told = {"despite": despite} if despite else {}
    Event.record("resolution.edited", by=by, at=at, ticket=resolution.ticket, resolution=resolution.pk, **told)
    return True


def findings(question: str, answer: str) -> list[str]:
    """Everything that the filter finds in these words, each once."""
    found = [*objections(answer), *objections(question), names_left(answer)]
    return [each for each in dict.fromkeys(found) if each]


def _say(resolution: LearnedResolution, *, at: dt.datetime) -> None:
    """What it says is what search finds."""
    source = resolution.source
    source.title, source.body, source.updated_at = title_of(resolution.question), resolution.answer, at
    source.is_title_private = True  # other words than an agent may have approved
    source.save(update_fields=["title", "body", "updated_at", "is_title_private"])
    index_source(source, outline(source.title, f"{resolution.question}\n\n{resolution.answer}"))


def rest(ticket: Ticket, *, at: dt.datetime) -> None:
    """What was learned from this ticket is not served any more, unless an agent approves it again."""
    for resolution in LearnedResolution.objects.standing().filter(ticket=ticket).select_related("source", "ticket"):
        resolution.retire("The customer came back", at=at)


def depersonalise(text: str, people: list[str]) -> str:
    """The answer without greeting, signature, quoted mail, and whatever names a person or a case."""
    text = _QUOTED.sub("", text).strip()
    for pattern in (_GREETING, _THANKS):
        text = pattern.sub("", text, count=1)
    text = _SIGNATURE.sub("", text).strip()
    text = mask(text, people)
    return (text[:1].upper() + text[1:])[:ANSWER_LIMIT]


def without_colleagues(answer: str, customer: Customer) -> str:
    """Without the agents and the people of the customer's organisation whom it names: in full anywhere, by one name within a sentence.

    A name that is a word of the articles' stays: “Mark” is something to press, too.
    """
    names = list(User.objects.values_list("name", flat=True))
    if customer.organisation_id:
        names += Customer.objects.filter(organisation=customer.organisation_id).values_list("name", flat=True)
    for name in dict.fromkeys(names):
        if " " in name and name.casefold() in answer.casefold():
            answer = re.sub(rf"\b{re.escape(name)}\b", "[name]", answer, flags=re.IGNORECASE)
    parts = {part for name in names for part in name.split()}
    for word in dict.fromkeys(_CAPITAL.findall(answer)):
        if word in parts and re.search(rf"[^.!?;:\s*]\s+{word}\b", answer) and not _stands_in_an_article(word):
            answer = re.sub(rf"\b{word}\b", "[name]", answer)
    return answer


def anonymous(question: str, people: list[str]) -> str:
    """A customer's question as others may see it: without addresses, numbers that name a case, and names.

    What counts as a name: capital letters within a sentence that no article has, unless several accounts write the word or a German article
    stands before it; and any word of the name of a customer, a colleague or an organisation.
    """
    text = _CODE.sub("[number]", mask(question, people))
    for word in dict.fromkeys(_CAPITAL.findall(text)):
        within = re.search(rf"(?:[^.!?;:\s]\s+){word}\b|^{word}\s+[A-Z]|[.!?]\s+{word}\s+[A-Z]", text)
        is_thing = re.search(rf"\b(?:{_BEFORE_NOUNS}) (?:[a-zäöüß]+ )?{word}\b", text)
        if _names_somebody(word, within=within is not None and is_thing is None):
            text = re.sub(rf"\b{word}\b(?:['’]s)?", "[name]", text)
    return re.sub(r"\[name\](?:(?: (?:of|from|at|and))? \[name\])+", "[name]", text)


def names_left(answer: str) -> str:
    """Why an answer must not be served before an agent has read it: something was taken out of it, or it may name somebody nobody here knows.

    Two words with capitals that no article has are taken for a name, and one after “ask”, “call” or a title; not where customers all write them.
    """
    if taken := _TAKEN_OUT.search(answer):
        return f"It had {_TAKEN[taken[0]]} in it" if taken[0] in _TAKEN else "It had something personal in it"
    for found in [*_SOMEBODY.finditer(answer), *_FULL_NAME.finditer(answer)]:
        words = found["name"].split()
        if any(word in SHARED or _stands_in_an_article(word) for word in words):
            continue
        if not all(_is_common(word) for word in words):
            return f"It may name somebody: {found['name']}"
    return ""


def title_of(question: str) -> str:
    """The sentence that asks, and of several the one that needed the least taken out; all of it when that says too little by itself."""
    asking = [each.strip() for each in re.split(r"(?<=[.!?;])\s+", question) if each.endswith("?") and len(each.split()) >= TITLE_WORDS]
    best = min(asking, key=lambda each: (len(_TAKEN_OUT.findall(each)), -len(each)), default=question)
    if _POINTS_BACK.search(best) and len(question) <= TITLE_LENGTH and len(_TAKEN_OUT.findall(question)) == len(_TAKEN_OUT.findall(best)):
        best = question
    best = _TAKEN_OUT.sub("…", best)
    return best[:1].upper() + best[1:]


def _names_somebody(word: str, *, within: bool) -> bool:
    if _is_of_a_name(word):
        return not _stands_in_an_article(word.lower())
    return within and word not in SHARED | MONTHS and not _stands_in_an_article(word) and not _is_common(word)


def _is_of_a_name(word: str) -> bool:
    whole = rf"\y{word}\y"
    return any(model.objects.filter(name__regex=whole).exists() for model in (Customer, Organisation, User))


def _is_common(word: str) -> bool:
    """Whether several accounts have written it, and nobody is called so: a product and no person."""
    folded = "".join(each for each in unicodedata.normalize("NFKD", word) if not unicodedata.combining(each))
    said = Ticket.objects.filter(words__tsv=SearchQuery(folded, config="simple"))
    accounts = said.order_by().values_list(Coalesce("customer__organisation_id", F("customer_id") * -1)).distinct()[:_COMMON]
    return len(accounts) == _COMMON and not _is_of_a_name(word)


def _stands_in_an_article(word: str) -> bool:
    articles = Source.objects.filter(kind=Source.Kind.ARTICLE, is_live=True)
    return articles.filter(Q(body__contains=word) | Q(title__contains=word)).exists()


def _source(question: str, answer: str, ticket: Ticket, asked: Decision, at: dt.datetime) -> Source:
    nearest = asked.source if asked.source_id and asked.features.get("dense", 0.0) >= 0.4 else None
    return Source.objects.create(
        kind=Source.Kind.RESOLUTION,
        title=title_of(question),
        body=answer,
        is_title_private=True,
        audience=Audience.CUSTOMERS,
        category=nearest.category if nearest else None,
        locale=ticket.customer.locale,
        pages=[ticket.page[:200]] if ticket.page else [],
        updated_at=at,
    )
