from __future__ import annotations

import gzip
import re
from pathlib import Path

import django_htmx
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
BUDGET = 80_000


PAGES = [each for each in TEMPLATES if "{% block head %}" in each.read_text(encoding="utf-8")]


def loaded_by(template: Path) -> set[Path]:
    """Every script and style sheet that a page of ours names, and what those scripts import."""
    text = template.read_text(encoding="utf-8")
    named = set(re.findall(r"static '((?:js|css)/[\w-]+\.(?:js|css))'", text))
    named |= {f"js/{name}.js" for name in re.findall(r"script_file '([\w-]+)'", text)}
    listed = re.findall(r'for name in "([\w -]+)"\|words', text)
    named |= {f"js/{name}.js" for names in listed for name in names.split()}
    found = {ROOT / "static" / name for name in named}
    for each in [*found]:
        script = each.read_text(encoding="utf-8") if each.suffix == ".js" else ""
        found |= {each.parent / name for name in re.findall(r'from "\./([\w-]+\.js)"', script)}
    return found


@pytest.mark.parametrize("template", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_scripts_and_styles_of_a_page_together_fit_the_budget(template: Path) -> None:
    htmx = Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js"
    files = {htmx, *loaded_by(ROOT / "templates" / "base.html"), *loaded_by(template)}
    assert sum(len(gzip.compress(each.read_bytes())) for each in files) < BUDGET


def test_every_script_and_style_is_loaded_by_some_page() -> None:
    found = set().union(*(loaded_by(each) for each in TEMPLATES))
    assert {*SCRIPTS, *STYLES} - found == set()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_short_and_begins_by_saying_what_it_does(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert text.startswith("/*\n * ")
    assert len(text.splitlines()) <= 220


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_evaluates_no_text_and_writes_no_markup_of_its_own(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert not re.search(r"\beval\(|new Function|innerHTML\s*=|document\.write|https?://", text)


KEPT = {
    "localStorage": {"dash-theme", "dash-hotkeys"},
    # A token that arms one key in one tab, that tab's name, and which key was chosen last; and what
    # was typed when a session ended, without anything secret (tests/browser/test_session_end.py).
    "sessionStorage": {"rivya-dash-armed", "rivya-dash-tab", "rivya-dash-key", "dash-draft"},
}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_keeps_anything_but_colours_shortcuts_drafts_and_what_is_armed(
    script: Path,
) -> None:
    text = script.read_text(encoding="utf-8")
    names = dict(re.findall(r'^const (\w+) = "([^"]+)";', text, re.MULTILINE))
    found = re.findall(r"""(\w+Storage)\.setItem\(\s*(?:["']([^"']+)["']|(\w+))""", text)
    kept = [(storage, written or names.get(constant)) for storage, written, constant in found]
    assert [each for each in kept if each[1] not in KEPT[each[0]]] == []
    assert len(re.findall(r"setItem\(", text)) == len(kept)
    assert "document.cookie" not in text
    assert "indexedDB" not in text


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.name)
def test_a_style_sheet_fetches_nothing(style: Path) -> None:
    # What begins with # is drawn from the page itself.
    assert not re.search(r"url\((?!#)|@import|https?:", style.read_text(encoding="utf-8"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_inline_style_script_or_handler(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(
        r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|hx-on|javascript:", text
    )


def test_every_token_that_the_styles_name_exists() -> None:
    text = "\n".join(each.read_text(encoding="utf-8") for each in STYLES)
    defined = set(re.findall(r"(--[a-z0-9-]+)\s*:", text))
    assert set(re.findall(r"var\((--[a-z0-9-]+)", text)) <= defined
