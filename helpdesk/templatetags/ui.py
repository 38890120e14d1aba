"""Small parts that every page uses."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from helpdesk import formatting
from helpdesk.models import Customer, User

register = template.Library()


@register.simple_tag
def icon_href(name: str) -> str:
    return f"{static('icons/sprite.svg')}#i-{name}"


@register.simple_tag
def icon(name: str, **attributes: Any) -> SafeString:
    """{% icon "check" %}; with label="Sent" it speaks, else it is decoration."""
    return _svg("icon", name, **attributes)


@register.simple_tag
def mark(name: str = "mark", **attributes: Any) -> SafeString:
    """The assistant's: a blade on its stone."""
    return _svg("mark", name, **attributes)


@lru_cache(maxsize=1000)  # a list shows over a hundred, of few kinds
def _svg(block: str, name: str, label: str = "", **attributes: Any) -> SafeString:
    classes = " ".join(filter(None, [block, attributes.get("class", "")]))
    if label:
        return format_html('<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', classes, label, icon_href(name))
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, icon_href(name))


@register.simple_tag
def avatar(person: User | Customer, size: int = 28, label: str = "") -> SafeString:
    """A person, round. {% avatar user size=22 %}; sizes 18, 22, 28, 36, 44. Decoration beside their name; alone, it needs a label."""
    css = "avatar" if size == 28 else f"avatar avatar--{size}"
    spoken = format_html('role="img" aria-label="{}" title="{}"', label, label) if label else mark_safe('aria-hidden="true"')
    return format_html('<span class="{}" data-hue="{}" {}>{}</span>', css, person.hue, spoken, person.initials)


@register.filter
def iso_day(day: str) -> str:
    """“2026-08-04”, as a decision keeps it, as people read it: 4 Aug 2026."""
    return date_format(dt.date.fromisoformat(day), "j M Y")


@register.simple_tag
def monogram(name: str, **attributes: Any) -> SafeString:
    """A company, by its first letter."""
    classes = " ".join(filter(None, ["mark mark--ink monogram", attributes.get("class", "")]))
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, (name.strip() or "?")[0].upper())


@register.simple_tag
def widget(field: BoundField, **attributes: Any) -> SafeString:
    """A form field's control in our clothes: {% widget form.email class="input--large" %}. Django adds aria-invalid and -describedby."""
    if field.is_hidden or isinstance(field.field.widget, (CheckboxInput, RadioSelect, CheckboxSelectMultiple)):
        return field.as_widget()
    classes = [field.field.widget.attrs.get("class", ""), "input", attributes.pop("class", "")]
    return field.as_widget(attrs={**attributes, "class": " ".join(filter(None, classes))})


@register.filter
def is_check(field: BoundField) -> bool:
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def sentence(title: str) -> str:
    """allauth writes Titles Like This, we write sentences."""
    words = " ".join(title.split())
    return words[:1].upper() + words[1:].lower()


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
    return f"{share * 100:.0f}%" if isinstance(share, float | int) else ""  # what is not there is "" in a template
