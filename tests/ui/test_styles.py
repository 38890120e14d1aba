"""What the stylesheets and templates promise: colours in one place, nothing the content policy forbids, icons that exist."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from tests.ui.colour import contrast, tokens

ROOT = Path(settings.BASE_DIR)
STATIC, TEMPLATES = ROOT / "static", ROOT / "templates"
SHEETS = sorted((STATIC / "css").rglob("*.css"))
ENTRIES = ("app.css", "widget.css")  # of the pages, and of the frame that stands on other people's
ALONE = {*ENTRIES, "report.css"}  # what a backtest written as one file takes into itself
PAGES = [
    page for page in sorted(TEMPLATES.rglob("*.html")) if "emails" not in page.parts and page != TEMPLATES / "assistant/backtest.html"
]  # not what leaves the product: mail programs know nothing else than inline styles, a file brings its own
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(", re.IGNORECASE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TAG = re.compile(r"<[a-z][^<>]*>", re.DOTALL)


def name(path):
    return str(path.relative_to(ROOT))


def declared_colours(sheet):
    """Colour literals in values; `color-mix(in oklab, …)` names a space, and a mask's black is not a colour anybody sees."""
    text = COMMENT.sub("", sheet.read_text())
    text = re.sub(r"mask-image:[^;]*;|#[a-z][\w-]*(?=[\s,>:{\[.)])", "", text)
    return COLOUR.findall(text)


@pytest.mark.parametrize("sheet", [sheet for sheet in SHEETS if sheet.name != "tokens.css"], ids=name)
def test_colours_stand_in_the_tokens_alone(sheet):
    assert declared_colours(sheet) == []


def test_the_entries_bring_in_every_sheet_and_none_twice():
    imports = [re.findall(r'@import url\("([^"]+)"\)', (STATIC / "css" / entry).read_text()) for entry in ENTRIES]
    assert all(len(found) == len(set(found)) for found in imports)
    assert {STATIC / "css" / path for found in imports for path in found} == {
        sheet for sheet in SHEETS if sheet.parent != STATIC / "css" or sheet.name not in ALONE
    }


def test_every_token_that_is_used_is_set():
    everything = "\n".join(COMMENT.sub("", sheet.read_text()) for sheet in SHEETS)
    used = set(re.findall(r"var\((--[\w-]+)\)", everything))  # with a fallback it may be unset
    assert used - set(re.findall(r"(--[\w-]+)\s*:", everything)) == set()


READ_ON = ["canvas", "surface", "sunken", "raised", "hover"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "grounds", "least"),
    [
        *[(ink, READ_ON, 4.5) for ink in ("ink", "ink-2", "ink-3", "accent-ink", "danger-ink", "caution-ink", "positive-ink")],
        *[(f"{tone}-ink", [f"{tone}-soft"], 4.5) for tone in ("accent", "positive", "caution", "danger", "note")],
        *[(f"avatar-{hue}-ink", [f"avatar-{hue}"], 4.5) for hue in range(8)],
        ("on-accent", ["accent", "accent-hover", "accent-press"], 4.5),
        ("on-danger", ["danger", "danger-hover"], 4.5),
        ("on-tooltip", ["tooltip"], 4.5),
        ("line-control", ["surface", "raised", "sunken"], 3),
        ("focus", READ_ON, 3),
        *[(tone, ["surface", "raised"], 3) for tone in ("accent", "positive", "caution", "danger")],
    ],
)
def test_contrast(theme, ink, grounds, least):
    colours = tokens(STATIC / "css/tokens.css", theme)
    for ground in grounds:
        assert contrast(colours[ink], colours[ground]) >= least, f"{ink} on {ground}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_templates_keep_to_the_content_policy(page):
    text = page.read_text()
    for tag in TAG.findall(text):
        assert not re.search(r"\sstyle\s*=", tag), "inline style"
        assert not re.search(r"\son[a-z]+\s*=", tag), "inline handler"
        assert not (tag.startswith("<script") and "src=" not in tag and "nonce=" not in tag), "inline script without a nonce"
        assert not re.search(r'\s(?:src|href)="(?:https?:)?//', tag.replace("{{", "")), "something from outside"
    assert "<style" not in text


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_htmx_does_works_without_it(page):
    for tag in TAG.findall(page.read_text()):
        if "hx-post=" in tag:
            assert re.search(r"\b(?:form)?action=", tag) or tag.startswith("<body"), tag
        if "hx-get=" in tag and tag.startswith("<a"):
            assert "href=" in tag, tag


def test_every_icon_that_is_named_exists():
    sprite = set(re.findall(r'id="i-([\w-]+)"', (STATIC / "icons/sprite.svg").read_text()))
    for page in PAGES:
        named = set(re.findall(r'{%\s*(?:icon|mark|icon_href)\s+[\'"]([\w-]+)[\'"]', page.read_text()))
        assert named <= sprite, f"{name(page)}: {named - sprite}"


def test_what_came_from_elsewhere_has_a_version_and_a_licence():
    listed = (STATIC / "vendor/VERSIONS").read_text()
    for path in [*STATIC.glob("vendor/*.js"), *STATIC.glob("fonts/*"), *STATIC.glob("icons/sprite.svg")]:
        assert str(path.relative_to(STATIC)) in listed
    for licence in re.findall(r"licences/\S+", listed):
        assert (STATIC / "vendor" / licence).is_file()


def test_everything_resolves_when_files_get_hashed_names(tmp_path, settings):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", "--noinput", verbosity=0)
    paths = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    entry = (tmp_path / paths["css/app.css"]).read_text()
    assert Path(paths["css/tokens.css"]).name in entry
    assert Path(paths["fonts/inter-latin.woff2"]).name in (tmp_path / paths["css/tokens.css"]).read_text()


def test_templates_are_indented():
    djhtml = Path(sys.executable).with_name("djhtml")
    answer = subprocess.run([djhtml, "--check", TEMPLATES], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
