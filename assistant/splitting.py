"""Articles into passages, by llama-index. Runs in a worker; the fallback of `helpdesk.search` has made the text findable before."""

from __future__ import annotations

from functools import cache
from typing import Any

from helpdesk.events import consumer
from helpdesk.models import Article, Event, Source
from helpdesk.search.index import Piece, index_source

PIECE_TOKENS = 180  # MiniLM reads 256


@cache
def _parsers() -> tuple[Any, Any]:
    from llama_index.core.node_parser import MarkdownNodeParser, SentenceSplitter

    return MarkdownNodeParser(), SentenceSplitter(chunk_size=PIECE_TOKENS, chunk_overlap=20)


def split(title: str, body: str) -> list[Piece]:
    """By headings first, then long sections by sentences. Each piece keeps the heading it stands under."""
    from llama_index.core import Document

    markdown, sentences = _parsers()
    pieces: list[Piece] = []
    for node in markdown.get_nodes_from_documents([Document(text=body)]):
        text = node.get_content().strip()
        first, _, rest = text.partition("\n")
        heading = first.lstrip("# ").strip() if first.startswith("#") else title
        text = rest.strip() if first.startswith("#") else text
        if text:
            pieces += [Piece(heading=heading, text=part) for part in sentences.split_text(text)]
    return pieces or [Piece(heading=title, text=body or title)]


@consumer("index", {"article.published"})
def index_published(event: Event) -> None:
    article = Article.objects.filter(pk=event.data["article"]).first()
    source = Source.objects.filter(article=article).first() if article else None
    if article and source:
        index_source(source, split(article.title, article.body))
