"""The house's arrows: a room imports only what stands before it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = (
    "contract",
    "emulator",
    "client",
    "web",
    "sandbox",
    "teams",
    "keys",
    "exchanges",
    "generations",
    "panels",
    "hub",
)
PURE = {"contract", "emulator", "client"}
LAYERS = ("models", "services", "tasks", "views")
GATHERERS = {"apps", "models", "urls", "management", "migrations"}
"""Parts of the app outside its rooms: they gather, so they may look into every room."""


def imports_of(source: str, *, package: str) -> Iterator[str]:
    """Every module that some source names in an import, wherever the import stands.

    ``from a import b`` gives both "a" and "a.b", because b may be a module.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*parts, node.module] if node.module else parts)
            base = base if node.level else node.module or ""
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def complaints(module: str, source: str) -> list[str]:
    """Every import in one module of the app that goes against an arrow."""
    package = module.rpartition(".")[0]
    found = [complaint(module, target) for target in imports_of(source, package=package)]
    return [text for text in found if text]


def complaint(module: str, target: str) -> str:
    """Why one import is not allowed; "" when it is."""
    room, root = room_of(module), target.partition(".")[0]
    if root in {"httpx", "httpx_aiohttp", "aiohttp"} and room != "client":
        return f"{module} imports {target}: only client opens connections"
    if room in PURE and root in {"django", "django_htmx", "rivya_dash"}:
        return f"{module} imports {target}: {room} knows neither Django nor settings"
    if root == "debugger" and room in ROOMS:
        return _against_an_arrow(module, target)
    return ""


def _against_an_arrow(module: str, target: str) -> str:
    room, other = room_of(module), room_of(target)
    if other in GATHERERS:
        return f"{module} imports {target}: rooms do not import what gathers them"
    if other not in ROOMS:
        return ""
    if other == "emulator" and room not in {"emulator", "client"}:
        return f"{module} imports {target}: only client imports the emulator"
    if ROOMS.index(other) > ROOMS.index(room):
        return f"{module} imports {target}: {other} stands behind {room}"
    layer, wanted = layer_of(module), layer_of(target)
    if room == other and None not in (layer, wanted) and (wanted or 0) > (layer or 0):
        return f"{module} imports {target}: within a room {' < '.join(LAYERS)}"
    return ""


def room_of(module: str) -> str:
    """The word behind ``debugger.``; "" outside the app."""
    parts = module.split(".")
    return parts[1] if parts[0] == "debugger" and len(parts) > 1 else ""


def layer_of(module: str) -> int | None:
    """Where a module of a room stands among models, services, tasks and views, if it does."""
    parts = module.split(".")
    return LAYERS.index(parts[2]) if len(parts) > 2 and parts[2] in LAYERS else None


def modules() -> list[Path]:
    """Every module of the app."""
    return sorted((ROOT / "debugger").rglob("*.py"))


def name_of(path: Path) -> str:
    """A file's dotted name; a package's own module keeps ``__init__`` so that dots resolve."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_every_room_imports_only_what_stands_before_it() -> None:
    found = [c for path in modules() for c in complaints(name_of(path), path.read_text("utf-8"))]
    assert found == []


def test_every_folder_of_the_app_is_a_known_room() -> None:
    folders = {path.parent.name for path in (ROOT / "debugger").glob("*/__init__.py")}
    assert folders <= set(ROOMS) | GATHERERS


def test_the_site_knows_nothing_of_rivya_but_what_every_screen_shares() -> None:
    allowed = ("debugger.web", "debugger.urls", "debugger.client.redact")
    for path in (ROOT / "rivya_dash").glob("*.py"):
        named = imports_of(path.read_text("utf-8"), package="rivya_dash")
        assert [n for n in named if n.startswith("debugger.") and not n.startswith(allowed)] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("debugger.panels.views", "import httpx"),
        ("debugger.web.errors", "from httpx import Client"),
        ("debugger.sandbox.services", "from debugger.emulator.core import Emulator"),
        ("debugger.sandbox.services", "from debugger import emulator"),
        ("debugger.contract.rules", "from django.conf import settings"),
        ("debugger.client.api", "def f():\n    import django"),
        ("debugger.emulator.core", "from debugger.client import api"),
        ("debugger.emulator.core", "from ..client import api"),
        ("debugger.web.errors", "from debugger.panels.views import run"),
        ("debugger.panels.services", "from debugger.panels.views import run"),
        ("debugger.panels.services", "from . import views"),
        ("debugger.panels.models", "from debugger.panels import services"),
        ("debugger.panels.views", "from debugger.models import User"),
    ],
)
def test_an_import_against_an_arrow_is_found(module: str, source: str) -> None:
    assert complaints(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("debugger.client.api", "import httpx\nfrom debugger.emulator.core import Emulator"),
        ("debugger.panels.views", "from debugger.client import api\nfrom . import services"),
        ("debugger.emulator.core", "from .store import Store\nfrom ..contract import errors"),
        ("debugger.hub.views", "from debugger.panels.views import run"),
        ("debugger.models", "from debugger.teams.models import User"),
        ("debugger.management.commands.runemulator", "from debugger.emulator import asgi"),
    ],
)
def test_an_import_along_the_arrows_is_not(module: str, source: str) -> None:
    assert complaints(module, source) == []
