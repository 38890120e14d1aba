"""What must not be served before an agent has looked at it: instructions to the assistant, links of strangers, personal data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from helpdesk.models import Source
from learning.masking import has_personal_data
from learning.orders import asks_for_keys, orders

# Letters of other alphabets that look like Latin ones; what is spelt with them is read as it looks.
_LOOKS_LIKE = str.maketrans("аеорсухіјѕԁһѵοανιкмтвнАЕОРСУХІЈЅΟΑΒΕΗΙΚΜΝΡΤΧ", "aeopcyxijsdhvoaviкmtbhAEOPCYXIJSOABEHIKMNPTX")
_SPACED = re.compile(r"\b(?:\w[ .\-_*]){3,}\w\b")
_SAID = r"(?:instructions?|prompts?|guidelines?|directions|restrictions|(?:your|the|all|previous|these) rules|you were told|you(?:'ve| have) been told)"
_INSTRUCTION = re.compile(
    "|".join(
        (
            rf"\b(?:ignore|disregard|forget|override|bypass|(?:not|n't|stop) (?:follow|obey)(?:ing)?)\b[^.!?\n]{{0,40}}\b{_SAID}",
            r"\b(?:ignore|disregard|forget)\b (?:everything|all|anything) (?:above|before|you|that you|i said)\b",
            r"\bsystem prompt\b|\b(?:reveal|repeat|disclose|leak|output|print)\b[^.!?\n]{0,30}\b(?:hidden|your|initial|everything above|words above)\b",
            r"\byou are (?:now |no longer )?(?:a|an|the|my) (?:\w+ ){0,2}(?:assistant|bot|chatbot|ai|model|agent|persona|character)\b",
            r"\b(?:the|this|any|every) (?:assistant|ai|chatbot|bot|language model) (?:must|should|shall|has to|is to|needs to)\b",
            r"\bfrom (?:now on|(?:now|this (?:point|moment|day|time)) (?:on|onwards?|forwards?)),? (?:you (?:must|shall|are to|should)|always|never|only|answer|reply|respond)\b",
            r"\b(?:dear|hey|hello|hi|attention|note to) (?:the |my |this )?(?:ai|model|assistant|chatbot|bot|llm|language model)\b",
            r"\b(?:answer|reply|respond)\b[^.!?\n]{0,40}\bto (?:each|every|all|any)\b[^.!?\n]{0,20}\b(?:questions?|customers?|users?|messages?|tickets?)\b",
            r"\b(?:always|only|just|exactly) (?:answer|reply|respond)\b|\b(?:answer|reply|respond) (?:only|always|exactly) with\b",
            r"\b(?:new|updated|hidden|secret|additional|real) (?:instructions?|orders?|task)\s{0,8}:|(?:^|[.!?:\n])[ \t]*(?:please |now )?act as\b",
            r"\bpretend (?:to be|you|that you)\b|\bjailbr(?:ea|o)k|\bdeveloper mode enabled\b|\byou have no (?:restrictions|limits|rules)\b",
            r"\bwhen(?:ever)? (?:a|any|the|another) (?:customer|user|person|visitor)s? asks?\b.{0,60}\b(?:tell|say|answer|reply|give|send)\b",
            r"<\s{0,8}/?\s{0,8}(?:script|iframe|img|svg|object|system)\b|<\|\w+|\[/?inst\]|<</?sys>>|```\s{0,8}system|(?<!#)#+ *(?:system|instructions?)\b",
            r"(?:^|[.!?\n])[ \t]*(?:system|assistant|developer)[ \t]{0,8}:|\bassistant\s{0,8}:",
            r"\b(?:ignorier\w*|vergiss|vergessen sie|missachte\w*|übergeh\w*)\b[^.!?\n]{0,40}\b(?:anweisung|regeln|vorgaben)",
            r"\b(?:ignore[zr]?|oublie[zr]?|ignora|ignorar|olvida|esque[çc]a)\b[^.!?\n]{0,40}\b(?:instrucciones|instruções|consignes|instructions|istruzioni)",
        )
    ),
    re.IGNORECASE | re.DOTALL,
)
_ENDS = (
    "com|net|org|info|biz|io|co|app|dev|ai|me|example|invalid|test|xyz|top|site|online|shop|club|link|click|live|store|tech|page|cloud|zip|mov"
    "|ly|gg|to|ru|cn|uk|de|fr|es|pt|it|nl|eu|us|ca|au|br|in|jp|pl|se|fi|dk|ch|at|be|ie|tk|ml|ga|su|cc|tv|ws"
    "|support|help|space|website|press|fun|pro|world|today|life|mobi|center|solutions|services|digital|agency|company|network|systems|technology|software"
    "|download|security|bank|finance|money|cash|credit|loan|win|bid|trade|review|stream|party|science|icu|buzz|cyou|rest|monster|quest|lol|pics|bond|sbs|cfd"
    "|chat|gift|gifts|wiki|news|blog|games?|art|design|studio|tips|guide|zone|city|vip|gmbh|ltd|inc|llc|autos|homes|hair|skin"
    "|pw|la|vc|sh|sx|pm|nu|ag|ph|sg|hk|tw|kr|vn|nz|za|ng|ke|mx|ar|cl|pe|ve|ua|by|kz|gr|cz|hu|ro|bg|rs|hr|sk|lt|lv|ee|lu|li|il|ae|sa|tr|ir|pk|lk|fm"
)
_LABELS = r"(?<![\w@.-])(?:[\w-]{1,63}(?:\.|\[\.\]|\(\.\))){1,8}"
_LINK = re.compile(
    r"(?:\b(?:[a-z][a-z0-9+.-]{1,12}://|(?:javascript|data|vbscript|mailto|tel|sms):)|(?<![:\w/])//|\bwww\.)[^\s<>()\[\]\"'`]+[^\s<>()\[\]\"'`.,;:!?]"
    rf"|{_LABELS}(?:{_ENDS}|xn--[\w-]+)(?![\w-]|\.\w)(?:/[^\s<>()\[\]\"']*)?"
    rf"|{_LABELS}[\w-]{{1,63}}/(?!\d{{1,2}}\b)[^\s<>()\[\]\"']+"
    r"|(?<=\]\()(?![/#])[^\s()]{1,500}",
    re.IGNORECASE,
)


def objection(text: str) -> str:
    """Why a text must not be served before an agent has looked at it; empty when nothing is wrong with it."""
    return next(objections(text), "")


def objections(text: str) -> Iterator[str]:
    """All that is wrong with it, one after the other."""
    plain = as_it_looks(text)
    if _INSTRUCTION.search(plain) or orders(plain):
        yield "It reads like an instruction to the assistant"
    if asks_for_keys(plain):
        yield "It asks for a password, a PIN or a card"
    if outside := next((link for link in links(plain) if not _is_known(link)), ""):
        yield f"It links to {outside[:120]}"
    if has_personal_data(plain):
        yield "It may hold personal data"


def as_it_looks(text: str) -> str:
    """Without what only a machine sees: compatibility forms, invisible characters, letters borrowed from other alphabets, s p a c e d words."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(each for each in text if unicodedata.category(each) != "Cf").translate(_LOOKS_LIKE)
    return _SPACED.sub(lambda found: re.sub(r"[ .\-_*]", "", found[0]) if re.search(r"[^\W\d]", found[0]) else found[0], text)


def links(text: str) -> list[str]:
    """Whatever somebody could follow: with a scheme or without one, and hosts that stand bare."""
    return [found[0].rstrip("/.") for found in _LINK.finditer(text)]


def _is_known(link: str) -> bool:
    """Links are served only where an article has that very one: what only begins alike may be somebody else's."""
    articles = Source.objects.filter(kind=Source.Kind.ARTICLE, is_live=True, body__contains=link)
    return any(link in links(body) for body in articles.values_list("body", flat=True)[:20])
