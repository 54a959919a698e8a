from __future__ import annotations

import pytest
from django.template import Context, Template

from debugger.contract.operations import CATALOG
from debugger.web import icons


def rendered(source: str, **context: object) -> str:
    return Template("{% load dash %}" + source).render(Context(context))


def test_the_navigation_has_every_operation_once_with_its_panel() -> None:
    source = "{% operation_groups as groups %}{% for g in groups %}{% for o in g.operations %}"
    text = rendered(source + "{{ o.id }} {{ o.method }} {{ o.url }};{% endfor %}{% endfor %}")
    expected = {f"{each.id} {each.method} /panels/{each.id}/" for each in CATALOG}
    assert set(text.strip(";").split(";")) == expected


def test_a_fact_without_a_guess_carries_no_mark() -> None:
    assert rendered("{% assumed convention %}", convention=None) == ""


def test_the_mark_of_a_guess_names_its_convention_and_escapes_it() -> None:
    mark = rendered("{% assumed convention %}", convention='Stripe "<b>"')
    assert "Stripe &quot;&lt;b&gt;&quot;" in mark
    assert ">assumed<" in mark


@pytest.mark.parametrize("name", sorted(icons.PATHS))
def test_every_icon_is_drawn_without_inline_style(name: str) -> None:
    drawing = icons.svg(name)
    assert drawing.startswith("<svg")
    assert "style=" not in drawing
    assert 'aria-hidden="true"' in drawing


def test_an_icon_with_a_label_is_a_picture_with_that_name() -> None:
    assert 'role="img" aria-label="a &lt;b&gt;"' in icons.svg("menu", label="a <b>")


def test_an_icon_that_nobody_drew_is_an_error() -> None:
    with pytest.raises(KeyError):
        icons.svg("unicorn")
