"""Each problem at one place: its own field, or the nearest field above it."""

from __future__ import annotations

from collections.abc import Iterable

from debugger.contract.schemas import Problem


class Errors:
    """The problems of a draft, sorted by the places at which the form can show them."""

    def __init__(self, places: Iterable[str], problems: Iterable[Problem]) -> None:
        known = set(places)
        self._at: dict[str, list[str]] = {}
        loose: list[Problem] = []
        for problem in problems:
            place = _nearest(problem.pointer, known)
            if place is None:
                loose.append(problem)
            else:
                self._at.setdefault(place, []).append(_sentence(problem, place))
        self.loose = tuple(loose)

    def at(self, place: str) -> tuple[str, ...]:
        """The errors of one place, in their order, none twice."""
        return tuple(dict.fromkeys(self._at.get(place, ())))


def _nearest(pointer: str, known: set[str]) -> str | None:
    if not pointer.startswith("/"):
        return pointer if pointer in known else None
    while pointer:
        if pointer in known:
            return pointer
        pointer = pointer.rpartition("/")[0]
    return "" if "" in known else None


def _sentence(problem: Problem, place: str) -> str:
    """The message as it stands at a field; what lies below the field is named first."""
    below = problem.pointer[len(place) :].strip("/").replace("/", ".")
    message = f"{below} {problem.message}" if below else problem.message
    return message if below else message[:1].upper() + message[1:]
