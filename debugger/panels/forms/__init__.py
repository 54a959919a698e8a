"""The form of an operation: built from a draft, read back into a draft, and checked.

    form  = forms.build(operation, draft, problems=forms.check(operation, draft))
    draft = forms.read(operation, request.POST, previous)

What a template emits
=====================
One ``<form>`` holds everything, the tabs that are not shown included.

Always
    Each pair of ``form.hidden`` as ``<input type=hidden name value>``: ``extras`` (the whole draft
    as JSON, which is how unknown keys, their order and values set aside survive) .
    ``editor``: ``form`` (default when absent) or ``json``, the tab that holds the truth about the
    body. ``json``: the JSON editor's textarea, whose text is ``draft.pretty()``; read only when
    ``editor`` is ``json``.
Headers tab
    For each row of ``form.headers`` two inputs, ``header-name`` and ``header-value``, repeated in
    the same order; add an empty pair for a new one. Rows with both empty are dropped.
Each field of ``form.path``, ``form.query`` and ``form.body``
    ``field.name`` is the input's name (``path/taskId``, ``query/limit``, ``body/prompt``,
    ``body/params/duration``), ``field.id`` its HTML id, ``field.text`` its text.
    Where ``field.include_name`` is not empty, a check-box of that name (``include/params/duration``
    for ``body/params/duration``; value ``on``) stands before the label, ticked when
    ``field.included``. Unticked means absent from the request; the input is still emitted, and
    what is in it is kept aside. Where it is empty there is no check-box: the field is required,
    or empty means absent.

    A number in a request is written with a point, never with a comma: emit ``field.text``.

    =============  ==========================================================================
    kind           inputs
    =============  ==========================================================================
    text           ``<input type=text name value=text>``
    textarea       ``<textarea name>`` + a line feed + text (browsers drop the first one)
    number         ``<input type=text inputmode=decimal name value=text>``; not type=number,
                   which would lose what cannot be parsed
    select         ``<select name>`` over ``choices`` (``value label selected``)
    model          the same, with ``choice.group`` as optgroup, ``choice.note`` (what it needs)
    switch         ``<input type=checkbox name value=true>``, checked when ``field.on``
    multi          one ``<input type=checkbox name value=choice.value>`` for each choice,
                   checked when ``choice.selected``; all have the same name
    file           ``<input type=file name=upload>`` and ``<input type=hidden name>``
                   (``body/file``) that holds the chosen file's name, for the preview
    object         ``<textarea name>`` with JSON text; also used for a value that its own kind
                   cannot show (a list where a text is expected), so that nothing is lost
    references     for each ``item`` of ``field.items``: ``<input type=hidden name=field.name
    dialogue       value=item.index>`` and then each of ``item.fields`` by these same rules.
    attachments    Rows may be removed or moved by removing or moving them with their inputs;
                   a new row takes an index that is not used yet (names as in ``field.blank``,
                   with ``__index__`` replaced). Without script: a submit button
                   ``name=add value=field.name``, and for each row ``name=remove
                   value=item.name``; ``read`` obeys them.
    =============  ==========================================================================

Errors: ``field.errors`` are sentences; ``field.id + "-errors"`` is a good id for their list.
``form.loose`` are the problems that have no field. ``form.extras`` are the pointers of unknown
keys ("1 extra field kept"). ``form.notes`` are sentences about the last reading (what was set
aside when the model changed).
"""

from __future__ import annotations

from debugger.panels.forms.building import build
from debugger.panels.forms.checking import check
from debugger.panels.forms.field import Choice, Field, Form, HeaderRow, Item, Kind
from debugger.panels.forms.reading import SECRET_HEADERS, read
from debugger.panels.forms.shape import known_keys

__all__ = [
    "SECRET_HEADERS",
    "Choice",
    "Field",
    "Form",
    "HeaderRow",
    "Item",
    "Kind",
    "build",
    "check",
    "known_keys",
    "read",
]
