"""Small parts that every page uses."""

from __future__ import annotations

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from helpdesk import formatting

register = template.Library()


@register.simple_tag
def icon_href(name: str) -> str:
    return f"{static('icons/sprite.svg')}#i-{name}"


@register.simple_tag
def icon(name: str, **attributes: Any) -> SafeString:
    """{% icon "check" %}; with label="Sent" it speaks, else it is decoration."""
    return _svg("icon", name, **attributes)


@register.simple_tag
def mark(name: str = "stone", **attributes: Any) -> SafeString:
    """The assistant's stone, or another mark by name."""
    return _svg("mark", name, **attributes)


def _svg(block: str, name: str, label: str = "", **attributes: Any) -> SafeString:
    classes = " ".join(filter(None, [block, attributes.get("class", "")]))
    if label:
        return format_html('<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', classes, label, icon_href(name))
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, icon_href(name))


@register.filter
def markdown(text: str) -> SafeString:
    """An article's Markdown; sanitised as it is rendered."""
    return mark_safe(formatting.render_markdown(text or ""))  # noqa: S308


@register.filter
def reply_html(text: str) -> SafeString:
    """An answer's or a draft's Markdown; sanitised as it is rendered."""
    return mark_safe(formatting.render_reply(text or ""))  # noqa: S308


@register.filter
def percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.0f}%"
