"""The rows of every list are drawn as the theme draws them, letter by letter, and as cheaply as they can be."""

import datetime
import re
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.sessions.models import Session
from django.core.exceptions import ObjectDoesNotExist
from django.template import RequestContext, Template
from django.urls import get_script_prefix, path, resolve, reverse, set_script_prefix
from django.utils.safestring import mark_safe

from loyalty_site.lib.admin import ModelAdmin, Site, rows
from loyalty_site.urls import urlpatterns as served
from members.models import Customer, Member
from programs.models import Program, Rule
from tests.support import factories

MODELS = [pytest.param(model, id=model._meta.label) for model in admin.site._registry]
QUERIES = [{}, {"o": "-1.2"}, {"_popup": "1"}, {"q": "a&b"}, {"pk__gte": "1"}]
OURS = Template("{% load back_office %}{% rows cl %}")
THEIRS = Template("{% load unfold_list %}{% unfold_result_list cl %}")

#: A site of its own, with rows whose keys are texts.
texts = Site(name="texts")
texts.register(Session, ModelAdmin)
urlpatterns = [*served, path("texts/", texts.urls)]


@pytest.fixture
def shop(lively_shop):
    return lively_shop


@pytest.fixture
def drawn(boss, rf):
    """The table of a list, as this site draws it and as the theme does."""

    def draw(page, query=None, templates=(OURS, THEIRS), **more):
        prefix = "texts" if page.admin_site is texts else "admin"
        request = rf.get(f"/{prefix}/{page.opts.app_label}/{page.opts.model_name}/", query or {})
        request.user, request.resolver_match = boss, resolve(request.path)
        cl = page.get_changelist_instance(request)
        cl.formset = None
        context = {"cl": cl, "opts": page.opts, **more}
        return [template.render(RequestContext(request, context)) for template in templates]

    return draw


def page_of(model):
    return admin.site._registry[model]


@pytest.mark.parametrize("model", MODELS)
def test_every_list_is_what_the_theme_makes_of_it(drawn, shop, model):
    page = page_of(model)
    assert page.change_list_template == "admin/list.html"
    for query in QUERIES:
        ours, theirs = drawn(page, query)
        assert ours == theirs


def test_the_page_around_the_rows_is_the_theme_s(client, boss, shop, monkeypatch):
    def listed():
        html = client.get(reverse("admin:members_customer_changelist"), {"kind__exact": "person"}).content.decode()
        return re.sub(r"\s+", " ", re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", html))

    client.force_login(boss)
    ours = listed()
    monkeypatch.setattr(page_of(Customer), "change_list_template", None)
    assert ours == listed()
    assert ours.count("data-row") > 3


def test_a_search_without_hits_says_so_as_the_theme_does(drawn, shop):
    ours, theirs = drawn(page_of(Member), {"q": "nobody"})
    assert ours == theirs
    assert "data-row" not in ours


def column(shown, **attributes):
    """A column that shows `shown` of every row, or what it returns when it is called with the row."""

    def value(row):
        return shown(row) if callable(shown) else shown

    for name, attribute in attributes.items():
        setattr(value, name, attribute)
    return value


def gone(row):
    raise ObjectDoesNotExist


COLOURS = {"active": "success", "<b>": "danger"}
MARKED = mark_safe("<b>")
COLUMNS = {
    "text": column("<script>"),
    "markup": column(MARKED),
    "nothing": column(None),
    "nothing said in words": column(None, empty_value_display="none & never"),
    "row that is gone": gone,
    "label": column(("active", "Active <1>"), label=COLOURS),
    "label of another text": column(("active", "Other"), label=COLOURS),
    "label of another colour": column(("active", "Active <1>"), label={"active": "warning"}),
    "label of no colour": column(("closed", "Closed"), label=COLOURS),
    "label of a text": column("<b>", label=COLOURS),
    "label of markup": column(MARKED, label=COLOURS),
    "label of a number": column(1, label={1: "info"}),
    "label of another kind of number": column(True, label={1: "info"}),
    "labels": column(["a", "b"], label=True),
    "label of nothing": column(None, label=COLOURS),
    "yes": column(True, boolean=True),
    "no": column(False, boolean=True),
    "perhaps": column(None, boolean=True),
    "an empty text for yes or no": column("", boolean=True),
    "a number for yes or no": column(1, boolean=True),
    "a list for yes or no": column([1], boolean=True),
    "header": column(["<First>", "Second", "F"], header=True),
    "dropdown": column({"title": "More", "items": [{"title": "<One>", "link": "#"}]}, dropdown=True),
    "date": column(datetime.date(2026, 3, 4)),
    "moment": column(datetime.datetime(2026, 3, 4, 23, 30, tzinfo=datetime.UTC)),
    "time": column(datetime.time(12, 30)),
    "number": column(1234567),
    "decimal": column(Decimal("1234.50")),
    "several": column([1, "<2>"]),
    "of the row": column(lambda row: row.pk),
}


@pytest.mark.parametrize("shown", COLUMNS.values(), ids=COLUMNS)
def test_a_column_shows_what_the_theme_shows(drawn, shop, monkeypatch, shown):
    page = page_of(Member)
    # Twice, since what was drawn once may be kept.
    monkeypatch.setattr(page, "list_display", ["number", shown, column("between"), shown])
    for _ in range(2):
        ours, theirs = drawn(page)
        assert ours == theirs


def test_columns_that_look_alike_are_not_taken_for_each_other(drawn, shop, monkeypatch):
    page = page_of(Member)
    monkeypatch.setattr(page, "list_display", [*COLUMNS.values(), *reversed(COLUMNS.values())])
    ours, theirs = drawn(page)
    assert ours == theirs


@pytest.mark.parametrize("model", [Member, Customer, Program, Rule])
def test_fields_show_what_the_theme_shows(drawn, shop, monkeypatch, model):
    page = page_of(model)
    fields = [field.name for field in model._meta.concrete_fields]
    monkeypatch.setattr(page, "list_display", ["__str__", lambda row: row.pk, *fields, "pk"])
    ours, theirs = drawn(page)
    assert ours == theirs


@pytest.mark.parametrize("links", [None, (), ["number"], ["enrolled", "name"], ["number", "program"]])
@pytest.mark.parametrize("query", [{}, {"_popup": "1", "status__exact": "active"}, {"status__exact": "active"}])
def test_links_lead_where_the_theme_s_lead(drawn, shop, monkeypatch, links, query):
    page = page_of(Member)
    monkeypatch.setattr(page, "get_list_display_links", lambda request, shown: links)
    ours, theirs = drawn(page, query)
    assert ours == theirs
    assert ("_changelist_filters" in ours) == (links is not None and bool(query))


def test_a_popup_names_the_row_by_the_field_that_is_asked_for(drawn, shop, monkeypatch):
    page = page_of(Member)
    monkeypatch.setattr(page, "to_field_allowed", lambda request, field: True)
    for field, name in (("number", shop.ada.number), ("id", shop.ada.pk)):
        ours, theirs = drawn(page, {"_popup": "1", "_to_field": field})
        assert ours == theirs
        assert f'data-popup-opener="{name}"' in ours


def test_below_another_address_the_links_lead_there(drawn, shop):
    before = get_script_prefix()
    set_script_prefix("/d'or&co/")
    try:
        ours, theirs = drawn(page_of(Member))
    finally:
        set_script_prefix(before)
    assert ours == theirs
    assert f'href="/d&#x27;or&amp;co/admin/members/member/{shop.ada.pk}/change/"' in ours


def test_a_page_may_draw_the_boxes_of_its_rows_itself(drawn, shop, monkeypatch):
    monkeypatch.setattr(type(page_of(Customer)), "action_checkbox", lambda page, row: f"[{row.pk}]", raising=False)
    ours, theirs = drawn(page_of(Customer))
    assert ours == theirs
    assert f">[{shop.ada.customer_id}]<" in ours


@pytest.mark.urls(__name__)
def test_keys_that_are_texts_are_quoted(drawn, db):
    now = datetime.datetime(2026, 3, 4, tzinfo=datetime.UTC)
    for key in ("a/b", "c_d", 'e"f<g>', "0hole0", "h i?&", "it's"):
        Session.objects.create(session_key=key, session_data="", expire_date=now)
    # Django asks for the page of a row where the site is the one that is called admin.
    for query in ({}, {"_popup": "1"}):
        ours, theirs = drawn(texts._registry[Session], query)
        assert ours == theirs
        assert "a/b" in ours


@pytest.mark.parametrize("count", range(1, 5))
def test_rows_take_turns_however_many_there_are(drawn, shop, count, monkeypatch):
    page = page_of(Member)
    monkeypatch.setattr(page, "list_per_page", count)
    for query in ({}, {"p": "2"}):
        ours, theirs = drawn(page, query)
        assert ours == theirs
        assert ours.count("data-row") in range(1, count + 1)


@pytest.mark.parametrize(
    "more",
    [
        {"list_sections": [type("Section", (), {"__init__": lambda *given: None, "render": lambda self: "more"})]},
        {"ordering_field": "sequence"},
    ],
    ids=["sections", "sorting by hand"],
)
def test_what_is_more_than_cells_is_left_to_the_theme(drawn, shop, monkeypatch, more):
    page = page_of(Member)
    for name, value in more.items():
        monkeypatch.setattr(page, name, value)
    assert _filled_by_us(drawn, monkeypatch, page) is False
    assert _filled_by_us(drawn, monkeypatch, page_of(Customer)) is True


def test_actions_of_rows_are_left_to_the_theme(drawn, shop, monkeypatch):
    action = {"title": "Close", "raw_path": "admin:members_member_change"}
    assert _filled_by_us(drawn, monkeypatch, page_of(Member), actions_row=[action]) is False


def _filled_by_us(drawn, monkeypatch, page, **more):
    filled = []
    with monkeypatch.context() as patch:
        patch.setattr(rows, "_filled", lambda html, lines, real=rows._filled: filled.append(1) or real(html, lines))
        ours, theirs = drawn(page, **more)
    assert ours == theirs
    return bool(filled)


@pytest.mark.parametrize("model", [Member, Customer])
def test_no_row_asks_for_an_address_or_a_template(drawn, shop, monkeypatch, model):
    def work():
        with monkeypatch.context() as patch:
            made = []
            for owner, name in ((Template, "_render"), (ChangeList, "url_for_result")):
                real = getattr(owner, name)
                patch.setattr(owner, name, lambda *given, real=real, name=name: made.append(name) or real(*given))
            (html,) = drawn(page_of(model), templates=[OURS])
        return html.count("data-row"), made

    work()
    few, made = work()
    for _ in range(5):
        factories.member(shop.program)
    many, made_of_many = work()
    assert many == few + 5
    assert made_of_many == made
