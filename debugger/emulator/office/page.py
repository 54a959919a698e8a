"""The page itself, in plain HTML without a script. Everything that varies is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from debugger.contract.operations import Scope
from debugger.emulator import scenarios
from debugger.emulator.turn import stamp

_LIVES: Final = (
    ("0", "Never"),
    ("60", "In a minute"),
    ("3600", "In an hour"),
    ("86400", "In a day"),
    ("2592000", "In 30 days"),
)
_SPEEDS: Final = ((0.0, "Stopped"), (1.0, "Real time"), (10.0, "× 10"), (100.0, "× 100"))
_STEPS: Final = ((10, "10 s"), (60, "1 min"), (300, "5 min"), (3600, "1 h"), (86400, "1 day"))
_RECEIVERS: Final = {
    "accepts": "Accepts every event (200)",
    "fails": "Fails (500), so that events are tried again",
    "times-out": "Does not answer in time",
    "redirects": "Redirects, which counts as a failure",
}
_DONE: Final = {
    "account": "The account was opened.",
    "revoke": "The key was revoked.",
    "expire": "The key has expired.",
    "balance": "The balance was set.",
    "scenario": "The scenario was chosen.",
    "receiver": "The receivers' behaviour was chosen.",
    "clock": "The clock was set.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one rendering shows; ``facts`` is None before there is an account."""

    accounts: tuple[str, ...]
    facts: Mapping[str, Any] | None
    base_url: str
    fresh_key: str | None = field(default=None, repr=False)
    done: str = ""
    trouble: str | None = None
    real_deliveries: bool = False


def render(view: View) -> str:
    """The whole document."""
    cards = "" if view.facts is None else _cards(view, view.facts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rivya API stand-in</title>
<link rel="icon" type="image/svg+xml" href="/_sandbox/icon.svg">
<link rel="stylesheet" href="/_sandbox/page.css">
</head>
<body>
<header class="top">
<a class="logo" href="/"><img src="/_sandbox/icon.svg" alt="" width="20" height="20">rivya-dash</a>
<span class="tag">SANDBOX: no real credits</span>
</header>
<main>
<section class="hero">
<h1>A stand-in for the Rivya API, on your own machine</h1>
<p>It answers all 20 operations over real HTTP. Make a sandbox key here, as you would in the
Settings of the real service, and point any client at this address.</p>
<p class="base">Base URL <code>{escape(view.base_url)}</code></p>
</section>
{_notices(view)}
{_accounts(view)}
{cards}
<footer>Nothing here reaches rivya.ai. Keys of this page open only this stand-in.</footer>
</main>
</body>
</html>
"""


def _notices(view: View) -> str:
    if view.trouble is not None:
        return f'<div class="notice bad" role="alert">{escape(view.trouble)}</div>'
    if view.fresh_key is not None:
        return (
            '<div class="notice" role="status"><b>Copy the new key now. It is not shown again.</b>'
            f"<code>{escape(view.fresh_key)}</code></div>"
        )
    if view.done in _DONE:
        return f'<div class="notice" role="status">{escape(_DONE[view.done])}</div>'
    return ""


def _accounts(view: View) -> str:
    shown = view.facts["account"] if view.facts else None
    links = "".join(
        f'<a href="/?account={escape(name)}"{_current(name == shown)}>{escape(_short(name))}</a>'
        for name in view.accounts
    )
    button = '<button class="btn small">Open another account</button>'
    return (
        f'<nav class="who" aria-label="Accounts"><span>Account</span>{links}'
        f'<form method="post" action="/_sandbox/account">{button}</form></nav>'
    )


def _short(name: str) -> str:
    return name if len(name) <= 14 else f"{name[:13]}…"


def _current(yes: bool) -> str:
    return ' aria-current="page"' if yes else ""


def _cards(view: View, facts: Mapping[str, Any]) -> str:
    return f"""<div class="grid">
{_keys(facts)}
{_new_key(facts)}
{_wallet(facts)}
{_scenario(facts)}
{_clock(facts)}
{_receiver(view, facts)}
{_example(view)}
</div>"""


def _form(action: str, facts: Mapping[str, Any], inside: str, *, css: str = "row") -> str:
    owner = escape(facts["account"])
    return (
        f'<form class="{css}" method="post" action="/_sandbox/{action}?account={owner}">'
        f'<input type="hidden" name="account" value="{owner}">{inside}</form>'
    )


def _hidden(name: str, value: object) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(str(value))}">'


def _keys(facts: Mapping[str, Any]) -> str:
    rows = "".join(_key_row(facts, key) for key in facts["keys"])
    count = sum(key["state"] == "active" for key in facts["keys"])
    table = f"""<div class="scroll" tabindex="0" role="region" aria-label="Keys">
<table class="keys">
<thead><tr><th>Name</th><th>Key</th><th>Scopes</th><th>Made</th><th>Expires</th><th>State</th>
<th><span class="unseen">Actions</span></th></tr></thead><tbody>{rows}</tbody></table></div>"""
    if not rows:
        table = '<p class="empty">No key yet. Make the first one below.</p>'
    return (
        f'<section class="card wide"><header><h2>Keys</h2><span>{count} active</span></header>'
        f"{table}</section>"
    )


def _key_row(facts: Mapping[str, Any], key: Mapping[str, Any]) -> str:
    scopes = "all nine" if len(key["scopes"]) == len(Scope) else ", ".join(key["scopes"]) or "none"
    expires = "never" if key["expires_at"] is None else _moment(key["expires_at"])
    buttons = ""
    if key["state"] != "revoked":
        buttons = _key_button("revoke", "Revoke", facts, key)
    if key["state"] == "active":
        buttons = _key_button("expire", "Expire now", facts, key) + " " + buttons
    return f"""<tr><td>{escape(key["name"]) or "Unnamed"}</td>
<td><span class="mono">{escape(key["prefix"])}…</span></td><td>{escape(scopes)}</td>
<td data-label="Made">{_moment(key["created_at"])}</td><td data-label="Expires">{expires}</td>
<td><span class="chip {key["state"]}">{key["state"]}</span></td>
<td class="do">{buttons}</td></tr>"""


def _key_button(action: str, words: str, facts: Mapping[str, Any], key: Mapping[str, Any]) -> str:
    css = "btn small end" if action == "revoke" else "btn small"
    label = escape(f"{words}: {key['name'] or key['prefix']}")
    button = f'<button class="{css}" aria-label="{label}">{words}</button>'
    return _form(action, facts, _hidden("id", key["id"]) + button)


def _moment(at: float) -> str:
    text = stamp(at)
    return f'<time datetime="{text}">{text[:10]} {text[11:16]} UTC</time>'


def _new_key(facts: Mapping[str, Any]) -> str:
    boxes = "".join(
        f'<label><input type="checkbox" name="scopes" value="{scope}" checked>{scope}</label>'
        for scope in Scope
    )
    inside = f"""{_hidden("with_scopes", "1")}<fieldset><legend>Scopes</legend>
<div class="scopes">{boxes}</div></fieldset>
<div class="steps"><label class="grow">Name<input type="text" name="name" maxlength="80"
placeholder="My first key" autocomplete="off"></label>
<label>Expires<select name="expires_in">{_options(_LIVES, "0")}</select></label></div>
<div><button class="btn first">Make the key</button></div>"""
    return f"""<section class="card wide"><header><h2>New key</h2>
<span>Shown once, then only its beginning is known</span></header>
{_form("key", facts, inside, css="body")}</section>"""


def _options(pairs: Iterable[tuple[str, str]], chosen: str) -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>'
        f"{escape(words)}</option>"
        for value, words in pairs
    )


def _wallet(facts: Mapping[str, Any]) -> str:
    inside = f"""<label class="grow">Set the balance to<input type="number" name="credits" min="0"
max="1000000000" step="1" value="{facts["balance"]}" required></label>
<button class="btn">Set</button>"""
    return f"""<section class="card"><header><h2>Wallet</h2>
<span>{facts["reserved"]} reserved</span></header><div class="body">
<p class="figure">{facts["balance"]} <small>credits</small></p>{_form("balance", facts, inside)}
</div></section>"""


def _scenario(facts: Mapping[str, Any]) -> str:
    groups = "".join(
        f'<optgroup label="{group}">'
        + _options(((row.name, row.title) for row in rows), facts["scenario"])
        + "</optgroup>"
        for group, rows in scenarios.grouped().items()
    )
    row = scenarios.get(facts["scenario"])
    inside = f"""<label class="grow">Scenario of every request
<select name="name">{groups}</select></label><button class="btn">Choose</button>"""
    return f"""<section class="card"><header><h2>Behaviour</h2><span>{escape(row.name)}</span>
</header><div class="body"><p class="hint">{escape(row.description)} Ends as:
{escape(row.end_state)}.</p>{_form("scenario", facts, inside)}
<p class="hint">One request alone: send the header <code>{scenarios.HEADER}</code>.</p>
</div></section>"""


def _clock(facts: Mapping[str, Any]) -> str:
    now = facts["clock"]
    speeds = "".join(
        f'<button class="btn small" name="speed" value="{speed:g}"'
        f' aria-pressed="{str(speed == now["speed"]).lower()}">{words}</button>'
        for speed, words in _SPEEDS
    )
    steps = "".join(
        f'<button class="btn small" name="step" value="{seconds}">+ {words}</button>'
        for seconds, words in _STEPS
    )
    pace = _form("clock", facts, f"<span>Pace</span>{speeds}", css="steps")
    step = _form("clock", facts, f"<span>Step</span>{steps}", css="steps")
    return f"""<section class="card"><header><h2>Clock</h2><span>{_moment(now["now"])}</span>
</header><div class="body">{pace}{step}
<p class="hint">Jobs, expiry and webhook retries follow this clock. It never goes back.</p>
</div></section>"""


def _receiver(view: View, facts: Mapping[str, Any]) -> str:
    count = facts["endpoints"]
    words = "1 active endpoint" if count == 1 else f"{count} active endpoints"
    inside = f"""<label class="grow">The receiver
<select name="name">{_options(_RECEIVERS.items(), facts["receiver"])}</select></label>
<button class="btn">Choose</button>"""
    note = "Deliveries are simulated: nothing leaves this machine."
    form = _form("receiver", facts, inside)
    if view.real_deliveries:
        note = "Receivers on this machine are really called. All others are taken to answer 200."
        form = ""
    return f"""<section class="card"><header><h2>Webhooks</h2><span>{words}</span></header>
<div class="body"><p class="hint">{note}</p>{form}</div></section>"""


def _example(view: View) -> str:
    base = escape(view.base_url)
    return f"""<section class="card wide"><header><h2>Try it</h2><span>curl</span></header>
<div class="body"><pre tabindex="0">curl {base}/api/v1/generations \\
  -H "Authorization: Bearer $RIVYA_API_KEY" \\
  -H "Content-Type: application/json" \\
  -H "Idempotency-Key: quickstart-001" \\
  -d '{{"model":"z-image","prompt":"A clean editorial product image on a soft studio background"}}'
</pre></div></section>"""
