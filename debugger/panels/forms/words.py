"""Limits and needs in words, in the reader's language."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.contract import catalog
from debugger.panels.forms.field import Kind
from debugger.panels.jsontext import write_json


def shown(text: str) -> str:
    """A text of the contract in the reader's language; the empty one stays empty."""
    return _(text) if text else ""


def schema_constraint(schema: Mapping[str, Any], kind: Kind, *, said: str) -> str:
    """The bounds and the default of a schema, without what the input or ``said`` tells already."""
    longest = schema.get("maxLength")
    told = kind is Kind.TEXTAREA or (longest is not None and f"{longest:,}" in said)
    return constraint(
        kind=kind,
        max_length=None if told else longest,
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
        step=schema.get("multipleOf"),
        default=schema.get("default"),
    )


def constraint(
    *,
    kind: Kind | None = None,
    max_length: int | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    step: float | None = None,
    default: Any = None,
) -> str:
    """The limits of a value as one line; empty when there are none."""
    words = [_range(minimum, maximum)]
    if max_length is not None:
        words.append(_("at most %(count)s characters") % {"count": f"{max_length:,}"})
    if step is not None:
        words.append(_("in steps of %(step)s") % {"step": write_json(step)})
    words.append(_default(default, kind))
    return " · ".join(word for word in words if word)


def _default(default: Any, kind: Kind | None) -> str:
    """What holds when the field is left out; a list of options marks its own."""
    if default is None or kind is Kind.SELECT:
        return ""
    if isinstance(default, bool):
        return _("on by default") if default else _("off by default")
    if kind is Kind.MULTI and isinstance(default, list):
        return _("all by default") if len(default) > 1 else ""
    plain = default if isinstance(default, str) else write_json(default, indent=None)
    return _("default %(value)s") % {"value": plain}


def _range(minimum: float | None, maximum: float | None) -> str:
    bounds = {"low": write_json(minimum), "high": write_json(maximum)}
    if minimum is not None and maximum is not None:
        return _("%(low)s to %(high)s") % bounds
    if minimum is not None:
        return _("at least %(low)s") % bounds
    return "" if maximum is None else _("at most %(high)s") % bounds


def needs(model: catalog.Model) -> str:
    """A model's price and what choosing it needs."""
    amount = ngettext("%(credits)s credit", "%(credits)s credits", math.ceil(model.base_credits))
    price = amount % {"credits": write_json(model.base_credits)}
    words = [price, _inputs(model), _("only in the emulator") if model.synthetic else ""]
    return " · ".join(word for word in words if word)


def _inputs(model: catalog.Model) -> str:
    if not model.available:
        return _("not open in the API")
    if model.is_chat:
        return _("text or images") if "image" in model.file_kinds else _("text")
    words = {
        "available_text": _("text"),
        "available_url_input": _("text or URL"),
        "partial_requires_files": _("text or reference"),
        "requires_files_api": _("needs a file"),
    }
    return words.get(model.api_input_status, model.api_input_status)


def reference_limits(model: catalog.Model) -> str:
    """How many and which reference media a model takes, in words."""
    rules = model.references
    if rules is None:
        return _("this model takes no reference media")
    words = []
    if rules.max_files is not None:
        words.append(_("at most %(count)d") % {"count": rules.max_files})
    for kind in rules.kinds:
        limit = rules.limit(kind)
        types = ", ".join(mime.rsplit("/", 1)[-1] for mime in limit.mime)
        words.append(f"{kind} ≤ {limit.max_mb} MB ({types})")
    if rules.rule:
        words.append(shown(rules.rule))
    return " · ".join(words)
