from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from django.test import Client

from debugger.contract import assumptions, errors
from debugger.contract.operations import CATALOG

pytestmark = pytest.mark.django_db  # The start page asks whether anybody has an account.

PAGES = (
    "/",
    "/docs/",
    "/docs/assumptions/",
    "/docs/errors/",
    "/docs/first-steps/",
    "/docs/keyboard/",
    "/docs/mock-mode/",
    "/docs/teams-and-keys/",
)


class Markup(HTMLParser):
    """What a page holds that its policy or its readers would trip over."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.foreign: list[str] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.inline += [f"{tag} {name}" for name in names if name == "style" or name[:2] == "on"]
        if tag == "style" or (tag == "script" and not names.get("src")):
            self.inline.append(tag)
        if tag in {"script", "link", "img"}:
            address = names.get("src") or names.get("href") or ""
            self.foreign += [address] * (not address.startswith("/"))
        self.ids += [names.get("id") or ""] * ("id" in names)
        self.headings += [tag] * (re.fullmatch("h[1-6]", tag) is not None)
        self.links.add(names.get("href") or "")


def read(text: str) -> Markup:
    markup = Markup()
    markup.feed(text)
    return markup


@pytest.mark.parametrize("path", PAGES)
def test_a_page_answers_without_any_inline_script_or_style_and_loads_nothing_foreign(
    client: Client, path: str
) -> None:
    page = client.get(path)
    assert page.status_code == 200
    markup = read(page.content.decode())
    assert markup.inline == []
    assert markup.foreign == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_one_main_heading_at_least_and_no_id_twice(client: Client, path: str) -> None:
    markup = read(client.get(path).content.decode())
    assert "h1" in markup.headings
    assert len(markup.ids) == len(set(markup.ids))


@pytest.mark.parametrize("path", PAGES)
def test_every_page_leads_to_all_operations_with_their_methods(client: Client, path: str) -> None:
    page = client.get(path)
    text = page.content.decode()
    links = read(text).links
    assert {f"/panels/{operation.id}/" for operation in CATALOG} <= links
    marks = re.findall(r"<i>([A-Z]+)</i>", text)
    assert sorted(marks) == sorted(operation.method for operation in CATALOG)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_changes_nothing_when_it_is_posted_to(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


def test_opening_the_landing_page_makes_no_account_and_arms_nothing(client: Client) -> None:
    page = client.get("/")
    assert set(client.cookies) <= {"rivya_dash_csrf"}
    text = page.content.decode()
    assert 'name="mode" value="mock"' in text
    assert '<body class="landing"' in text


def test_the_landing_page_holds_the_generation_panel(client: Client) -> None:
    assert 'data-panel="generations.create"' in client.get("/").content.decode()


def test_the_side_navigation_marks_the_page_that_is_open(client: Client) -> None:
    text = client.get("/panels/credits.retrieve/").content.decode()
    current = re.findall(r'<a href="([^"]+)" aria-current="page"', text)
    assert current == ["/panels/credits.retrieve/"]


def test_every_assumption_stands_in_the_documentation_with_its_value(client: Client) -> None:
    text = client.get("/docs/assumptions/").content.decode()
    missing = [fact.name for fact in assumptions.facts() if f'id="{fact.name}"' not in text]
    assert missing == []
    row = re.search(r'id="idempotency[^"]*".*?</tr>', text, re.DOTALL)
    assert row
    assert "<code>" in row[0]


def test_every_error_code_stands_in_the_documentation_with_its_fix(client: Client) -> None:
    ids = read(client.get("/docs/errors/").content.decode()).ids
    assert set(errors.ERRORS) <= set(ids)


def test_the_openapi_document_is_served_with_the_address_it_was_asked_at(client: Client) -> None:
    answer = client.get("/openapi.json")
    assert answer["Content-Type"] == "application/json"
    document = json.loads(answer.content)
    assert document["openapi"].startswith("3.1")
    assert document["servers"][0]["url"] == "http://testserver"
    found = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
    }
    assert len(found) == len(CATALOG)
