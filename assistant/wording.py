"""What an agent sent beside what had been drafted, word by word, and what is made of the difference."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from assistant.models import Draft
from helpdesk.models import Message, Ticket
from learning.edits import Edit, compare

MOST_WORDS = 1_200  # of each text; what is longer is compared up to there
SHOWN, AROUND = 24, 8  # words that stay as they were: of more than these only so many beside a change are shown
_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True)
class Piece:
    """`kind`: "same", "del" or "ins"."""

    kind: str
    text: str

    @property
    def words(self) -> str:
        return self.text.rstrip()

    @property
    def space(self) -> str:
        """What follows the words, which nobody needs to see marked: at most one empty line."""
        rest = self.text[len(self.words) :]
        return " " if self.kind == "del" and rest else "\n" * min(rest.count("\n"), 2) or rest[:1]


@dataclass(frozen=True)
class Comparison:
    draft: Draft
    message: Message
    edit: Edit

    @property
    def pieces(self) -> list[Piece]:
        return word_by_word(self.draft.body, self.message.body)


def of(ticket: Ticket) -> Comparison | None:
    """The last answer that began as a draft. Two queries."""
    said = (
        ticket.messages.public().filter(author=Message.Author.AGENT, meta__has_key="draft").select_related("user").order_by("-seq").first()
    )
    draft = Draft.objects.filter(pk=said.meta["draft"], ticket=ticket).first() if said else None
    return Comparison(draft, said, compare(draft.body, said.body)) if said and draft else None


def word_by_word(drafted: str, sent: str) -> list[Piece]:
    """Put together, what is not "ins" is the draft and what is not "del" is what was sent, but for white space and long stretches that stayed."""
    before, after = _WORD.findall(drafted)[:MOST_WORDS], _WORD.findall(sent)[:MOST_WORDS]
    matcher = SequenceMatcher(None, [word.strip() for word in before], [word.strip() for word in after], autojunk=False)
    pieces = []
    for kind, start, end, begin, stop in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", _shortened(after[begin:stop], is_first=begin == 0, is_last=stop == len(after))))
            continue
        pieces += [Piece(name, "".join(words)) for name, words in (("del", before[start:end]), ("ins", after[begin:stop])) if words]
    return pieces


def _shortened(words: list[str], *, is_first: bool, is_last: bool) -> str:
    if len(words) <= SHOWN:
        return "".join(words)
    head = "" if is_first else "".join(words[:AROUND])
    tail = "" if is_last else "".join(words[-AROUND:])
    return f"{head}… {tail}"
