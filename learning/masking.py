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
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b|\b[a-z]{2}\d{2}(?=[a-z]*\d)[a-z\d]{11,30}\b")
_CARD = re.compile(r"\b\d(?:[ .-]?\d){12,18}\b")
_PHONE = re.compile(
    r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(?0\d{1,4}\)?[ .-]?)?\d{2,5}(?:[ .-]\d{2,5}){2,4}(?![\w.])|\+\d{1,3}(?:[ .-]?\d{2,8}){1,5}\b"
    r"|(?<![\w.])(?:\(0\d{1,4}\) ?|0\d{2,4}[ .-]?)\d{2,4}(?:[ .-]?\d{2,6}){1,4}\b|(?i:(?<=tel)|(?<=phone)|(?<=mobile))[ :.]{1,3}\d{7,15}\b"
)
_NUMBER = re.compile(
    r"(?:#|№ ?|\b(?:order|invoice|ticket|case|ref(?:erence)?|account|customer|member|contract|rma|po|vat|policy|passport|badge)"
    r"(?: (?:no\.?|number|id|is)){0,2}[ :#№-]*)([A-Z]{0,4}-?\d{4,}[\w-]*)",
    re.IGNORECASE,
)

_DATE_LIKE = re.compile(r"^\d{4}[ .-]\d{1,2}[ .-]\d{1,2}$|^\d{1,3}(?:\.\d{1,3}){3}$")


def mask(text: str, names: Iterable[str] = ()) -> str:
    """Addresses, secrets, card, phone and reference numbers, and the given names, each replaced by what it was.

    Network addresses and dates stay: answers are made of them.
    """
    text = _EMAIL.sub("[email]", _SPELT_OUT.sub("[email]", text))
    text = _SECRET.sub("[secret]", text)
    text = _IBAN.sub("[account]", text)
    text = _CARD.sub(lambda found: "[number]" if _looks_like_card(found[0]) else found[0], text)
    text = _PHONE.sub(lambda found: found[0] if _DATE_LIKE.match(found[0]) or _digits(found[0]) < 8 else "[phone]", text)
    text = _NUMBER.sub(lambda found: found[0].replace(found[1], "[reference]"), text)
    for name in sorted({part for each in names for part in _name_parts(each)}, key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(name)}\b", "[name]", text, flags=re.IGNORECASE if " " in name else 0)
        text = re.sub(rf"\b{re.escape(name.upper())}\b", "[name]", text)
    return re.sub(r"\[name\](?:[ ]\[name\])+", "[name]", text)


def has_personal_data(text: str) -> bool:
    """Whether `mask` would still find something."""
    return mask(text) != text


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _looks_like_card(text: str) -> bool:
    """Luhn's check, so that long order numbers and measurements are left to the other rules."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return len(digits) >= 13 and sum(doubled) % 10 == 0


def _name_parts(name: str) -> list[str]:
    """The whole name and each part of it that is long enough not to be a word of its own."""
    parts = name.split()
    return [name, *(part for part in parts if len(part) >= 3 and part[0].isupper())] if name.strip() else []
