"""The request as a curl command, for POSIX shells and for the Windows command prompt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from debugger.panels.jsontext import write_json
from debugger.panels.snippets.source import Source
from debugger.web.quoting import quote_cmd, quote_posix

Quote = Callable[[str], str]


def posix(source: Source) -> str:
    """For sh, bash and zsh. The body is indented: single quotes keep line ends."""
    key = '"Authorization: Bearer $RIVYA_API_KEY"'
    body = source.raw if source.raw is not None else write_json(source.body)
    return " \\\n  ".join(_words(source, quote_posix, key=key, body=body))


def cmd(source: Source) -> str:
    """For cmd.exe, with the body on one line. Set the key before: set RIVYA_API_KEY=..."""
    key = '^"Authorization: Bearer %RIVYA_API_KEY%^"'
    body = source.raw if source.raw is not None else write_json(source.body, indent=None)
    return " ^\n  ".join(_words(source, quote_cmd, key=key, body=body))


def _words(source: Source, quote: Quote, *, key: str, body: str) -> Iterator[str]:
    """Each line of the command: the first with the address, then one option each."""
    method = "" if source.method == "GET" and not source.has_body else f" -X {source.method}"
    brackets = " --globoff" if re.search(r"[\[\]{}]", source.url) else ""
    yield f"curl{method}{brackets} {quote(source.url)}"
    if source.streams:
        yield "-N"
    if source.with_key:
        yield f"-H {key}"
    for name, value in source.headers:
        # Curl drops a header without a value, unless it ends in a semicolon.
        yield "-H " + quote(f"{name}: {value}" if value else f"{name};")
    yield from _form(source, quote)
    if source.has_body or source.raw is not None:
        yield "--data-raw " + quote(body)


def _form(source: Source, quote: Quote) -> Iterator[str]:
    for name, value in source.fields.items():
        is_plain = value[:1] not in ("@", "<") and ";" not in value and '"' not in value
        yield ("-F " if is_plain else "--form-string ") + quote(f"{name}={value}")
    if source.file is not None:
        yield "-F " + quote(f"file=@{_file_name(source.file.name)};type={source.file.mime}")


def _file_name(name: str) -> str:
    """A file's name as curl reads it: in quotes where it would end early."""
    if not re.search(r'[,;"\\]', name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
