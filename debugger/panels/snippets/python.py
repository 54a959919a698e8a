"""The request in Python, with httpx."""

from __future__ import annotations

from collections.abc import Iterator

from debugger.panels.jsontext import write_json
from debugger.panels.literals import PYTHON, literal, text, utf8_safe
from debugger.panels.snippets.source import Source

_KEY = "f\"Bearer {os.environ['RIVYA_API_KEY']}\""


def python(source: Source) -> str:
    """A program of a few lines that prints the answer."""
    imports = ["import os", "", "import httpx"] if source.with_key else ["import httpx"]
    if source.file is not None:
        lines = _upload(source)
    elif source.streams:
        lines = _stream(source)
    else:
        lines = [*_call(source, "response = httpx."), "print(response.status_code, response.text)"]
    return "\n".join([*imports, "", *lines]) + "\n"


def _upload(source: Source) -> list[str]:
    assert source.file is not None  # noqa: S101 - the caller looked.
    call = _call(source, "response = httpx.")
    return [
        f'with open({text(source.file.name)}, "rb") as file:',
        *("    " + line for line in call),
        "print(response.status_code, response.text)",
    ]


def _stream(source: Source) -> list[str]:
    return [
        *_call(source, "with httpx.stream(", end=") as response:", named=True),
        "    for piece in response.iter_text():",
        '        print(piece, end="", flush=True)',
    ]


def _call(source: Source, begin: str, *, end: str = ")", named: bool = False) -> list[str]:
    """The call, one argument a line."""
    if named:
        first = [f"{begin}", f"    {text(source.method)},"]
    else:
        # Only the general function takes a body with every method.
        has_body = source.has_body or source.raw is not None
        plain = source.method != "DELETE" and not (source.method == "GET" and has_body)
        name = source.method.lower() if plain else "request"
        first = [f"{begin}{name}("] + ([] if plain else [f"    {text(source.method)},"])
    arguments = [text(source.url), *_arguments(source)]
    indented = [line for each in arguments for line in f"    {each},".split("\n")]
    return [*first, *indented, end]


def _arguments(source: Source) -> Iterator[str]:
    if headers := _headers(source):
        yield "headers={\n" + "".join(f"        {line},\n" for line in headers) + "    }"
    if source.file is not None:
        if source.fields:
            yield "data=" + literal(dict(source.fields), PYTHON, depth=1)
        name, mime = text(source.file.name), text(source.file.mime)
        yield f'files={{"file": ({name}, file, {mime})}}'
    elif source.raw is not None:
        yield f"content={text(source.raw)}"
    elif source.has_body and utf8_safe(source.body):
        yield "json=" + literal(source.body, PYTHON, depth=1)
    elif source.has_body:
        # Half of a surrogate pair has no bytes of its own, only an escape in JSON.
        yield f"content={text(write_json(source.body, indent=None))}"
    yield "timeout=None" if source.streams else "timeout=60"


def _headers(source: Source) -> list[str]:
    is_set_by_httpx = source.has_body and utf8_safe(source.body)
    shown = source.without("content-type") if is_set_by_httpx else source.headers
    own = {name.lower(): value for name, value in source.headers}.get("content-type")
    if is_set_by_httpx and own not in (None, "application/json"):
        shown = source.headers
    key = [f'"Authorization": {_KEY}'] if source.with_key else []
    return [*key, *(f"{text(name)}: {text(value)}" for name, value in shown)]
