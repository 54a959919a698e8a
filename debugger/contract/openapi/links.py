"""References inside the document."""

from __future__ import annotations

from typing import Any


def link(component: str) -> str:
    """The address of a component."""
    return f"#/components/schemas/{component}"


def json_content(component: str, **beside: Any) -> dict[str, Any]:
    """A JSON body of one component; ``beside`` adds to the media type, such as examples."""
    return {"application/json": {"schema": {"$ref": link(component)}, **beside}}
