"""Whether a customer says that what they were told is not as they see it: "there is no such button", "that menu looks different". Pure, over text."""

from __future__ import annotations

import re

# What an answer points to.
_THING = (
    r"(?:button|menu|option|tab|page|link|field|setting|settings|screen|checkbox|tick ?box|toggle|switch|icon|entry|item|column|section|step|steps|"
    r"feature|choice|dropdown|list|form|path|article|instructions?|description|guide)"
)
_GONE = (
    r"(?:(?:is|was|are)(?:n['’]t| not| no longer)(?: \w+){0,2} (?:there|here|available|visible|shown|present|in (?:my|the|our))|does(?:n['’]t| not) "
    r"(?:exist|show|appear)|(?:is|are|has|have|['’]s)(?: been| now)? (?:gone|missing|removed|renamed|moved|replaced|greyed out|grayed out|different|outdated|out of date)|"
    r"look(?:s|ed)? (?:quite |very |completely |totally )?different|(?:no longer|doesn['’]t|does not) match)"
)
_NOT_SEEN = r"(?:can['’]t|(?:could|do|did)(?:n['’]t| not)|can ?not|unable to|nowhere to)(?: actually| even)? (?:find|see|have|get|locate)"
_PATTERNS = [
    re.compile(rf"\b{_THING}\b(?:[^.!?\n]{{0,40}}?\s)?{_GONE}", re.IGNORECASE),
    re.compile(rf"\b{_NOT_SEEN}\b[^.!?\n]{{0,40}}\b{_THING}\b", re.IGNORECASE),
    re.compile(
        rf"\b(?:there(?:['’]s| is| are| was)(?: no|n['’]t| not)|no such|i (?:have|see) no|we (?:have|see) no|without any)\b[^.!?\n]{{0,30}}\b{_THING}\b",
        re.IGNORECASE,
    ),
    re.compile(rf"\b{_THING}\b[^.!?\n]{{0,30}}\b(?:nowhere|not to be found)\b", re.IGNORECASE),
    re.compile(rf"\b(?:it|that|this|they|what you (?:say|describe|wrote)) {_GONE}", re.IGNORECASE),
    re.compile(
        r"\b(?:out of date|outdated|old version of the|used to be (?:there|like that|called)|not called that (?:any ?more|any longer)|has a different name)\b",
        re.IGNORECASE,
    ),
]


def says_it_differs(text: str) -> bool:
    """Whether a reply to an answer says that something named in it is missing, was renamed or moved, or looks different."""
    return any(pattern.search(sentence) for sentence in re.split(r"(?<=[.!?])\s+|\n+", text) for pattern in _PATTERNS)
