"""What names a person or opens a door is taken out before a text is learned or kept with a decision."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Bounded and anchored, so that a long run of letters costs no more than its length.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_SPELT_OUT = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64} ?[(\[{]at[)\]}] ?[\w-]{1,63}(?: ?(?:\.|[(\[{]dot[)\]}]) ?[\w-]{1,63}){1,8}", re.IGNORECASE
)
_SAID_OF_THEM = (  # what is said of passwords more often than it is one
    "a|an|the|at|in|on|of|by|for|from|not|no|never|only|always|still|too|being|known|required|needed|case|sent|stored|kept|set|reset|changed|shown|hidden|"
    "wrong|right|correct|incorrect|valid|invalid|expired|empty|missing|weak|strong|safe|refused|rejected|accepted|longer|shorter|different|optional"
)
_SECRET = re.compile(
    r"\b(?:sk|pk|rk|whsec|ghp|gho|xox[abp]|AKIA|eyJ)[-_A-Za-z0-9.]{12,}|\b[A-Fa-f0-9]{32,}\b|(?i:(?:password|passcode|secret|token)\s*(?:is\s+(?!(?:"
    + _SAID_OF_THEM
    + r")\b)|is\s*[:=]\s*|[:=]\s*))\S+"
)
_IBAN = re.compile(  # in groups of four, or of digits as somebody happened to space them
    r"\b(?P<country>[A-Za-z]{2})\d{2}(?:[ .-]?[A-Za-z\d]{4}(?:[ .-]?(?=[A-Za-z]{0,3}\d)[A-Za-z\d]{4}){1,6}(?:[ .-]?\d[A-Za-z\d]{0,2})?|(?:[ .-]?\d){11,26})\b"
    r"|(?i:(?<=\bIBAN )|(?<=\bIBAN:)|(?<=\bIBAN: ))[A-Za-z]{2}\d{2}(?:[ .-]?[A-Za-z\d]){6,30}\b"
)
_COUNTRIES = (  # that have such numbers
    "AD AE AL AT AZ BA BE BG BH BR BY CH CR CY CZ DE DK DO EE EG ES FI FO FR GB GE GI GL GR GT HR HU IE IL IQ IS IT JO KW KZ LB LC LI LT LU LV LY MC MD ME"
    " MK MR MT MU NL NO PK PL PS PT QA RO RS SA SC SD SE SI SK SM ST SV TL TN TR UA VA VG XK"
)
_CARD = re.compile(r"\b\d(?:[ .-]?\d){12,18}\b")
_PHONE = re.compile(
    r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(?0\d{1,4}\)?[ .-]?)?\d{2,5}(?:[ .-]\d{2,5}){2,4}(?![\w.])|\+\d{1,3}(?:[ .-]?\d{2,8}){1,5}\b"
    r"|(?<![\w.])(?:\(0\d{1,4}\) ?|0\d{2,4}[ .-]?)\d{2,4}(?:[ .-]?\d{2,6}){1,4}\b|(?i:(?<=tel)|(?<=phone)|(?<=mobile))[ :.]{1,3}\d{7,15}\b"
)
_NUMBER = re.compile(
    r"(?:#|№ ?|\b(?:order|invoice|ticket|case|ref(?:erence)?|account|customer|member|contract|rma|po|vat|policy|passport|badge"
    r"|employee|staff|personnel|payroll|student|patient|licence|license|matricule|personalnummer)"
    r"(?: (?:no\.?|number|nr\.?|id|is)){0,2}[ :#№-]*)([A-Z]{0,4}-?(?:\d{4,}[\w-]*|(?!\d{1,2}-\d{1,2}\b)\d{1,4}-\d{2,}[\w-]*))",
    re.IGNORECASE,
)
_OPENS = (  # what is told of a door, and not of an error
    r"(?:gate|door|site|alarm|safe|lock|entry|entrance|access|security|building|garage|key|unlock|keypad)[ -](?:code|number|combination)"
)
_CODE = re.compile(
    rf"\b(?:pin(?:[ -]?(?:code|number))?|{_OPENS})(?:[ :=#]{{1,3}}|\b[^.!?\n\d]{{0,40}}?\b(?:is|was|are|ist|est|es|è)(?: now)?[ :=]{{1,3}})(?P<one>[A-Z]{{0,3}}\d{{3,10}}[#*]?)(?![\w.-])"
    r"|(?<!error )(?<!status )(?<!exit )(?<!country )(?<!area )(?<!response )(?<!fault )(?<!http )"
    r"\b(?:code|combination)(?: (?:for|of|to|at|on)\b[^.!?\n\d]{1,40}?)?(?: (?:is|was)(?: now)?[ :]{1,3}|[:=] ?)(?P<two>[A-Z]{0,3}\d{3,10}[#*]?)(?![\w-]|\.\d)",
    re.IGNORECASE,
)
# A phone number as it is said: seven figures and more, or five after a plus. Figures in the languages that customers write in.
_FIGURE = (
    "zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
    "|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|double|triple"
    "|null|eins|zwei|zwo|drei|vier|fünf|sechs|sieben|acht|neun|zéro|un|deux|trois|quatre|cinq|sept|huit|neuf"
    "|cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|um|dois|três|quatro|sete|oito|nove|due|tre|quattro|cinque|sei|otto|nul|een|twee|drie|vijf|zes|zeven|negen"
)
_SAID_ALOUD = re.compile(
    rf"(?<!\w)(?:(?:plus|más|mais|più)(?:[ ,.-]{{1,3}}(?:(?:{_FIGURE})(?!\w)|\d{{1,5}}(?!\w))){{5,40}}"
    rf"|(?:(?:{_FIGURE})(?!\w)|\d{{1,5}}(?!\w))(?:[ ,.-]{{1,3}}(?:(?:{_FIGURE})(?!\w)|\d{{1,5}}(?!\w))){{6,40}})",
    re.IGNORECASE,
)
_SAID_FIGURE = re.compile(rf"(?<!\w)(?:{_FIGURE})(?!\w)", re.IGNORECASE)

_DATE_LIKE = re.compile(r"^\d{4}[ .-]\d{1,2}[ .-]\d{1,2}$|^\d{1,2}([.-])\d{1,2}\1(?:19|20)\d\d$|^\d{1,3}(?:\.\d{1,3}){3}$")


def mask(text: str, names: Iterable[str] = ()) -> str:
    """Addresses, secrets, card, phone and reference numbers, and the given names, each replaced by what it was.

    Network addresses and dates stay: answers are made of them.
    """
    text = _EMAIL.sub("[email]", _SPELT_OUT.sub("[email]", text))
    text = _SECRET.sub("[secret]", text)
    text = _IBAN.sub(lambda found: "[account]" if _looks_like_account(found) else found[0], text)
    text = _CARD.sub(lambda found: "[number]" if _looks_like_card(found[0]) else found[0], text)
    text = _SAID_ALOUD.sub(lambda found: "[phone]" if len(_SAID_FIGURE.findall(found[0])) >= 3 else found[0], text)
    text = _PHONE.sub(lambda found: found[0] if _DATE_LIKE.match(found[0]) or _digits(found[0]) < 8 else "[phone]", text)
    text = _NUMBER.sub(lambda found: found[0].replace(found[1], "[reference]"), text)
    text = _CODE.sub(lambda found: found[0].replace(found["one"] or found["two"], "[secret]"), text)
    for name in sorted({part for each in names for part in _name_parts(each)}, key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(name)}\b", "[name]", text, flags=re.IGNORECASE if " " in name else 0)
        text = re.sub(rf"\b{re.escape(name.upper())}\b", "[name]", text)
    return re.sub(r"\[name\](?:[ ]\[name\])+", "[name]", text)


def has_personal_data(text: str) -> bool:
    """Whether `mask` would still find something."""
    return mask(text) != text


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _looks_like_account(found: re.Match[str]) -> bool:
    """Of a country that has such numbers, and mostly figures: words with a number before them are none."""
    country = found["country"]
    return country is None or (country.upper() in _COUNTRIES.split() and _digits(found[0]) >= 10 and len(re.sub(r"\W", "", found[0])) >= 15)


def _looks_like_card(text: str) -> bool:
    """Luhn's check, so that long order numbers and measurements are left to the other rules."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return len(digits) >= 13 and sum(doubled) % 10 == 0


def _name_parts(name: str) -> list[str]:
    """The whole name and each part of it that is long enough not to be a word of its own."""
    parts = name.split()
    return [name, *(part for part in parts if len(part) >= 3 and part[0].isupper())] if name.strip() else []
