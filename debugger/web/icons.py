"""The icons: our own drawings, on a grid of 20, drawn with one stroke width."""

from __future__ import annotations

from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

_DOT: Final = 'fill="currentColor" stroke="none"'

PATHS: Final[dict[str, str]] = {
    "logo": f'<path d="M3 14c3-9 6-9 7-3s4 4 7-5"/><circle cx="17" cy="6" r="1.6" {_DOT}/>',
    "menu": '<path d="M3.5 5.5h13M3.5 10h13M3.5 14.5h8"/>',
    "close": '<path d="m5 5 10 10M15 5 5 15"/>',
    "sun": '<circle cx="10" cy="10" r="3.2"/><path d="M10 2.5v1.6M10 15.9v1.6M2.5 10h1.6M15.9 10h'
    '1.6M4.7 4.7l1.1 1.1M14.2 14.2l1.1 1.1M15.3 4.7l-1.1 1.1M5.8 14.2l-1.1 1.1"/>',
    "moon": '<path d="M16.5 11.8A7 7 0 0 1 8.2 3.5a7 7 0 1 0 8.3 8.3Z"/>',
    "screen": '<rect x="2.8" y="4" width="14.4" height="9.6" rx="1.6"/><path d="M7.2 16.6h5.6"/>',
    "keyboard": '<rect x="2" y="5" width="16" height="10" rx="2"/><path d="M5 8.2h.01M8.3 8.2h.01M'
    '11.7 8.2h.01M15 8.2h.01M6.5 11.8h7"/>',
    "picture": '<rect x="2.8" y="3.6" width="14.4" height="12.8" rx="2"/>'
    '<circle cx="7" cy="7.8" r="1.3"/><path d="m3.4 14.4 4-3.6 3 2.6 3.2-4 3.4 4"/>',
    "check": '<path d="m4 10.5 4 4 8-9"/>',
    "warn": '<path d="M10 3.2 17.6 16.4H2.4Z"/><path d="M10 8.2v3.6M10 14.1h.01"/>',
    "info": '<circle cx="10" cy="10" r="7"/><path d="M10 9.3v4M10 6.6h.01"/>',
    "book": '<path d="M4 4.6a2 2 0 0 1 2-1.6h9.6v11.4H6a2 2 0 0 0-2 1.6Zm0 11.4a1.6 1.6 0 0 0 2 1h'
    '9.6"/>',
    "down": '<path d="m6 8 4 4 4-4"/>',
    "plus": '<path d="M10 4.5v11M4.5 10h11"/>',
    "person": '<circle cx="10" cy="7" r="3.2"/><path d="M3.8 16.6c1-3 3.4-4.4 6.2-4.4s5.2 1.4 6.2 '
    '4.4"/>',
    "people": '<circle cx="7.6" cy="7.2" r="2.9"/><path d="M2.2 16c.8-2.7 2.9-4 5.4-4s4.6 1.3 '
    '5.4 4"/>'
    '<path d="M12.6 4.6a2.9 2.9 0 0 1 0 5.3M14.6 12.4c1.7.5 2.8 1.7 3.3 3.6"/>',
    "key": '<circle cx="6.6" cy="12.8" r="3.4"/><path d="m9.1 10.4 6.7-6.7M13 6.5l2.6 2.6"/>',
    "mail": '<rect x="2.6" y="4.4" width="14.8" height="11.2" rx="2"/><path d="m3.2 6 6.8 5 '
    '6.8-5"/>',
    "link": '<path d="M8.4 11.6a3.2 3.2 0 0 0 4.6 0l2.6-2.6a3.2 3.2 0 0 0-4.6-4.6l-.9.9M11.6 '
    "8.4a3.2"
    ' 3.2 0 0 0-4.6 0L4.4 11A3.2 3.2 0 0 0 9 15.6l.9-.9"/>',
    "copy": '<rect x="7" y="7" width="9.5" height="9.5" rx="2"/><path d="M13 4.8A1.8 1.8 0 0 0 '
    "11.2 3H"
    '5.3A1.8 1.8 0 0 0 3.5 4.8v6A1.8 1.8 0 0 0 5 12.6"/>',
    "out": '<path d="M8 3.5H5.2a1.7 1.7 0 0 0-1.7 1.7v9.6a1.7 1.7 0 0 0 1.7 1.7H8M12.6 6.6 16 '
    "10l-3.4 "
    '3.4M16 10H8"/>',
    "shield": '<path d="M10 2.6 16.2 5v4.6c0 3.7-2.5 6.4-6.2 7.8-3.7-1.4-6.2-4.1-6.2-7.8V5Z"/>'
    '<path d="m7.3 9.9 1.9 1.9 3.5-3.7"/>',
    "eye": '<path d="M2 10s2.8-5.2 8-5.2 8 5.2 8 5.2-2.8 5.2-8 5.2S2 10 2 10Z"/>'
    '<circle cx="10" cy="10" r="2.3"/>',
    "finger": '<path d="M5 12.4V9.6a5 5 0 0 1 10 0v1.2M7.7 16.8c.4-1.5.5-3 .5-5V9.7a1.9 1.9 0 0 1 '
    '3.7 0v2c0 1.9.1 3.4-.5 5.4M14.9 13.4c-.1 1-.2 1.8-.5 2.9"/>',
    "phone": '<rect x="5.6" y="2.4" width="8.8" height="15.2" rx="2"/><path d="M9 14.8h2"/>',
    "again": '<path d="M15.9 7.4A6.4 6.4 0 1 0 16.4 11M16.2 3.6v4h-4"/>',
    "live": '<path d="M11.2 2.6 4.8 11.4h4.4l-.6 6 6.6-8.8h-4.4Z"/>',
    "turn": '<path d="M15.8 8.2A6.2 6.2 0 0 0 4.6 7M4.2 11.8A6.2 6.2 0 0 0 15.4 13"/>'
    '<path d="M4.4 3.6V7h3.4M15.6 16.4V13h-3.4"/>',
    "undo": '<path d="M7.4 4.2 3.6 8l3.8 3.8"/><path d="M4 8h7.6a4.4 4.4 0 0 1 0 8.8H7.4"/>',
    "lock": '<rect x="4" y="9" width="12" height="8" rx="2"/><path d="M6.6 9V6.6a3.4 3.4 0 0 1 6.8 '
    '0V9"/>',
    "film": '<rect x="2.6" y="4.2" width="14.8" height="11.6" rx="2"/>'
    '<path d="m8.4 7.6 4 2.4-4 2.4Z"/>',
    "bell": '<path d="M5 14V9a5 5 0 0 1 10 0v5l1.4 1.6H3.6ZM8.4 17.6h3.2"/>',
    "pulse": '<path d="M2.4 10.4h3.4l2-5.6 3.6 10.4 2.2-4.8h4"/>',
    "wave": '<path d="M1.8 10c1.7-5.4 3.4-5.4 5.1 0s3.4 5.4 5.1 0 3.4-5.4 6.2 0"/>',
    "star": '<path d="m10 2.9 2.2 4.6 5 .7-3.6 3.5.9 5-4.5-2.4-4.5 2.4.9-5L2.8 8.2l5-.7Z"/>',
    "starred": '<path d="m10 2.9 2.2 4.6 5 .7-3.6 3.5.9 5-4.5-2.4-4.5 2.4.9-5L2.8 8.2l5-.7Z" '
    'fill="currentColor"/>',
    "clock": '<circle cx="10" cy="10" r="7"/><path d="M10 6v4.2l2.7 1.8"/>',
    "search": '<circle cx="9" cy="9" r="5.2"/><path d="m13 13 4 4"/>',
    "comment": '<path d="M4.2 4h11.6A1.7 1.7 0 0 1 17.5 5.7v6.6a1.7 1.7 0 0 1-1.7 1.7H9l-3.8 3v-3h-'
    '1a1.7 1.7 0 0 1-1.7-1.7V5.7A1.7 1.7 0 0 1 4.2 4Z"/>',
    "fork": '<circle cx="5.6" cy="4.6" r="1.9"/><circle cx="14.4" cy="4.6" r="1.9"/><circle '
    'cx="10" cy="15.6" r="1.9"/><path d="M5.6 6.5v1.3c0 3.4 8.8.6 8.8 0V6.5M10 9.4v4.3"/>',
    "compare": '<path d="M10 3v14M7.4 6H4.6A1.6 1.6 0 0 0 3 7.6v4.8A1.6 1.6 0 0 0 4.6 14h2.8M'
    '12.6 6h2.8A1.6 1.6 0 0 1 17 7.6v4.8a1.6 1.6 0 0 1-1.6 1.6h-2.8"/>',
    "file": '<path d="M5 2.8h6.4L15.4 6.8v10.4H5ZM11.2 3v4h4"/>',
    "history": '<path d="M3.6 6.8A7 7 0 1 1 3 10.6M3.2 3.4v3.6h3.6M10 6.4v3.9l2.6 1.6"/>',
}


def svg(name: str, *, label: str = "") -> SafeString:
    """The drawing as inline SVG; KeyError for a name that is not in the set."""
    voice = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    return format_html(
        '<svg class="icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.7"'
        ' stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>',
        mark_safe(voice),  # noqa: S308 - Its label was escaped just above.
        mark_safe(PATHS[name]),  # noqa: S308 - Drawings of this module.
    )
