"""The form of the ceilings: two fields for the team and two for each of its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _

from debugger.keys.live.ceilings import KeyRow, Pair
from debugger.teams.models import Team

MOST: Final = 10_000_000


class Ceiling(forms.IntegerField):
    """Whole credits; left empty there is no ceiling."""

    def __init__(self, *, label: str, described_by: str) -> None:
        super().__init__(
            label=label,
            required=False,
            min_value=0,
            max_value=MOST,
            error_messages={
                "invalid": _("Enter whole credits, such as 500, or leave it empty."),
                "min_value": _("A ceiling cannot be below 0; 0 stops every live run."),
                "max_value": _("Enter at most %(limit_value)s, or leave it empty for no ceiling."),
            },
            widget=forms.TextInput(
                attrs={
                    "class": "in",
                    "inputmode": "numeric",
                    "autocomplete": "off",
                    "maxlength": "12",
                    "placeholder": _("none"),
                    "aria-describedby": described_by,
                }
            ),
        )

    def to_python(self, value: Any) -> int | None:
        """People write thousands with separators."""
        cleaned = str(value or "").strip().replace(",", "").replace(" ", "").replace("_", "")
        return super().to_python(cleaned)


class CeilingsForm(forms.Form):
    """All ceilings of a team at once."""

    def __init__(self, team: Team, keys: Sequence[KeyRow], data: Mapping[str, Any] | None = None):
        initial: dict[str, int | None] = {
            "team_run": team.run_ceiling,
            "team_day": team.day_ceiling,
        }
        self.keys = [key for key in keys if key.public_id]
        for key in self.keys:
            initial[f"{key.public_id}_run"] = key.run
            initial[f"{key.public_id}_day"] = key.bar.most
        if data is not None:
            # A key that was added while the page was open has no field there. It keeps what it has:
            # only a field that was emptied says that there is no ceiling.
            as_it_is = {name: "" if most is None else most for name, most in initial.items()}
            data = {**as_it_is, **{name: data[name] for name in data}}
        super().__init__(data, initial=initial)
        self._add("team", _("the team"))
        for key in self.keys:
            self._add(key.public_id, key.label)
        for name in self.errors:
            self.fields[name].widget.attrs["aria-describedby"] = f"id_{name}_error ceilings-help"

    def _add(self, name: str, whose: str) -> None:
        run = _("Per run, %(whose)s") % {"whose": whose}
        day = _("Per day, %(whose)s") % {"whose": whose}
        self.fields[f"{name}_run"] = Ceiling(label=run, described_by="ceilings-help")
        self.fields[f"{name}_day"] = Ceiling(label=day, described_by="ceilings-help")

    def pair_of(self, name: str) -> tuple[BoundField, BoundField]:
        """The two fields of a key by its public id, or of "team"."""
        return self[f"{name}_run"], self[f"{name}_day"]

    def key_fields(self) -> Iterator[tuple[KeyRow, BoundField, BoundField]]:
        """Each key with its two fields."""
        for key in self.keys:
            yield (key, *self.pair_of(key.public_id))

    def team_fields(self) -> tuple[BoundField, BoundField]:
        """The two fields of the team."""
        return self.pair_of("team")

    def chosen(self, name: str) -> Pair:
        """What was chosen, of a form that is valid."""
        return Pair(run=self.cleaned_data[f"{name}_run"], day=self.cleaned_data[f"{name}_day"])
