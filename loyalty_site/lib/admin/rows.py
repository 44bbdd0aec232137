"""How are the rows of a list drawn? As the theme draws them, to the letter, in a fraction of its time.

The theme draws the headers anew for each row, resolves an address for each link and renders a template for each
label. Here everything that no row decides is drawn once a page: the theme's own template draws three rows whose
cells are holes, and the cells of all rows are put between what it drew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, time
from itertools import cycle, islice
from types import SimpleNamespace
from typing import Any

from django.contrib.admin.templatetags.admin_list import _coerce_field_name  # type: ignore[attr-defined]
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.templatetags.base import InclusionAdminNode
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import BooleanField, DateField, ForeignKey, ManyToOneRel, Model, TimeField
from django.template import Context, Library
from django.template.base import Parser, Token
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from loyalty_site.lib.admin.theme import ThemeModelAdmin, theme_list
from loyalty_site.lib.memoising import memoised

register = Library()

#: Stands for a cell. Nothing that is drawn around cells can hold it: in an address it is written otherwise.
_HOLE = "\0"
#: Stands for the key of a row: it goes through an address unchanged.
_KEY = "0hole0"
#: Rows of two cells show what stands between cells; three rows, how an odd and how an even one follow.
_HOLES = [theme_list.UnfoldResultList(None, None, [mark_safe(_HOLE)] * 2) for _ in range(3)]


@register.tag
def rows(parser: Parser, token: Token) -> InclusionAdminNode:
    """{% rows cl %}: the table of a list, in place of the theme's `unfold_result_list`."""
    # Types that go with another version of Django.
    return _Rows(parser, token, func=_shown, template_name="change_list_results.html")  # type: ignore[arg-type, call-arg]


def _shown(context: Context, cl: ChangeList) -> dict[str, Any]:
    """What the theme's template gets: its own, with holes for rows."""
    if not _is_plain(context, cl):
        return theme_list.result_list(context, cl)
    bare = copy(cl)
    bare.result_list = []
    return theme_list.result_list(context, bare) | {"cl": cl, "results": _HOLES}


def _is_plain(context: Context, cl: ChangeList) -> bool:
    """Whether there are rows, and nothing more than their cells. No page does so far what else the theme can do."""
    page: Any = cl.model_admin
    more = cl.formset, context.get("actions_row"), page.ordering_field, page.list_sections
    return bool(cl.result_list) and not any(more)


class _Rows(InclusionAdminNode):
    def render(self, context: Context) -> SafeString:
        html = super().render(context)
        cl = context["cl"]
        return _filled(html, list(_lines(cl))) if _is_plain(context, cl) else html


def _filled(html: str, lines: Sequence[Sequence[str]]) -> SafeString:
    """The cells in place of the holes; rows take turns in how they look."""
    before, between, next_is_even, _, next_is_odd, _, behind = html.split(_HOLE)
    ends = [*islice(cycle([next_is_even, next_is_odd]), len(lines) - 1), behind]
    drawn = (between.join(cells) + end for cells, end in zip(lines, ends, strict=True))
    return mark_safe(before + "".join(drawn))


def _lines(cl: ChangeList) -> Iterator[list[str]]:
    page, columns, link = cl.model_admin, list(_columns(cl)), _linking(cl)
    empty = page.get_empty_value_display()
    for row in cl.result_list:
        yield [column.cell(row, *_value(page, row, column.name, empty), link) for column in columns]


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of one page: what its cells have in common."""

    name: Any
    tag: str
    classes: str
    title: str
    is_linked: bool

    def cell(self, row: Model, value: Any, is_whole: bool, link: Callable[[Model, str], str]) -> str:
        """The cell of `row`, which shows `value`; one that `is_whole` is not broken into lines."""
        text = conditional_escape(value)
        classes = f"{self.classes} nowrap" if is_whole else self.classes
        shown = link(row, text) if self.is_linked else text
        return f'<{self.tag} class="{classes}" data-label="{self.title}">{shown}</{self.tag}>'


def _columns(cl: ChangeList) -> Iterator[_Column]:
    links = cl.list_display_links
    head = "th"
    for place, name in enumerate(cl.list_display):
        # An empty list of links means the first column; None means that nothing is linked.
        is_linked = links is not None and (name in links or (head == "th" and not links))
        classes: Sequence[str] = [f"field-{_coerce_field_name(name, place)}", *theme_list.ROW_CLASSES]
        if name == "action_checkbox":
            classes = theme_list.CHECKBOX_CLASSES
        title: Any = label_for_field(name, cl.model, model_admin=cl.model_admin)
        if place == 0 and not is_linked:
            title = gettext("Select record")
        yield _Column(name, head if is_linked else "td", " ".join(classes), conditional_escape(title), is_linked)
        head = "td" if is_linked else head


def _value(page: Any, row: Model, name: Any, empty: str) -> tuple[Any, bool]:
    """What a row shows in a column, and whether that is a date or a related row, which stays on one line."""
    if name == "action_checkbox" and type(page).action_checkbox is ThemeModelAdmin.action_checkbox:
        return mark_safe(_box(get_language()).replace(_KEY, escape(row.pk))), False
    try:
        field, attr, value = lookup_field(name, row, page)
    except ObjectDoesNotExist:
        return empty, False
    empty = getattr(attr, "empty_value_display", empty)
    if field is None or field.auto_created:
        return _computed(row, name, attr, value, empty), isinstance(value, date | time)
    if isinstance(field.remote_field, ManyToOneRel):
        shown = empty if value is None else value
    elif isinstance(field, BooleanField) and not field.choices and (value is None or isinstance(value, bool)):
        shown = _tick(value, get_language())
    else:
        shown = theme_list.display_for_field(value, field, empty)
    return shown, isinstance(field, DateField | TimeField | ForeignKey)


def _computed(row: Model, name: Any, attr: Any, value: Any, empty: str) -> Any:
    """What a method or an attribute of the row shows."""
    label = getattr(attr, "label", False)
    if label:
        return _label(value, label, empty)
    if getattr(attr, "dropdown", False):
        return theme_list.display_for_dropdown(row, name, value, empty)
    if getattr(attr, "header", False):
        return theme_list.display_for_header(value, empty)
    if getattr(attr, "boolean", False):
        is_known = value is None or isinstance(value, bool)
        return _tick(value, get_language()) if is_known else theme_list.display_for_value(value, empty, True)
    return theme_list.display_for_value(value, empty)


def _label(value: Any, colours: Any, empty: str) -> str:
    # Only plain texts are kept: others may be equal and yet be drawn differently.
    texts = value if isinstance(value, tuple) else (value,)
    if isinstance(colours, dict) and all(type(text) is str for text in texts):
        return _kept_label(value, tuple(colours.items()))
    return theme_list.display_for_label(value, empty, colours)


@memoised
def _kept_label(value: str | tuple[str, ...], colours: tuple[tuple[str, str], ...]) -> str:
    return theme_list.display_for_label(value, "", dict(colours))


@memoised
def _box(language: str | None) -> str:
    """The box by which the row is chosen whose key is a hole."""
    theme: Any = ThemeModelAdmin
    return str(theme.action_checkbox(theme, SimpleNamespace(pk=_KEY)))


@memoised
def _tick(value: bool | None, language: str | None) -> str:
    return theme_list.display_for_value(value, "", True)


def _linking(cl: ChangeList) -> Callable[[Model, str], str]:
    """Wraps a text in a link to the page of its row, or in none where rows have no page."""
    classes = " ".join(theme_list.LINK_CLASSES)
    try:
        address = _address(cl, SimpleNamespace(**{cl.pk_attname: _KEY}))
    except NoReverseMatch:
        return lambda row, text: text
    before, _, behind = escape(address).partition(_KEY)

    def link(row: Model, text: str) -> str:
        # A number stands in an address as it is; other keys are quoted.
        url = f"{before}{row.pk}{behind}" if isinstance(row.pk, int) else escape(_address(cl, row))
        opener = ""
        if cl.is_popup:
            chosen = row.serializable_value(cl.to_field or cl.lookup_opts.pk.attname)
            opener = f' data-popup-opener="{escape(chosen)}"'
        return f'<a href="{url}" class="{classes}" {opener}>{text}</a>'

    return link


def _address(cl: ChangeList, row: Any) -> str:
    """Where the page of a row is, which leads back to this list with its filters."""
    url = cl.url_for_result(row)
    return str(add_preserved_filters({"preserved_filters": cl.preserved_filters, "opts": cl.opts}, url))
