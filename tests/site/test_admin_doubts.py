"""The back office asks for what is missing, and says what is surely wrong: of facts, rules and active programs."""

from html import unescape

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from programs.models import Program, Rule
from tests.support import factories
from tests.support.admin_forms import errors_of, page, save
from transactions.models import Journal

ADD = "/admin/transactions/journal/add/"
EMPTY = {"lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0"}


@pytest.fixture
def made(db):
    return factories.program("alpine", name="Alpine Club")


@pytest.fixture
def office(client, marketing):
    client.force_login(marketing)
    return client


def said(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def enter(client, member, **fields):
    sent = {"member": member.pk, "activity": "purchase", "amount": "46.90", "external_id": "r-1", "channel": "store"}
    return client.post(ADD, EMPTY | sent | fields)


def errors(response):
    return response.context["adminform"].form.errors


@pytest.mark.parametrize("amount", ["", "  "])
def test_the_amount_of_a_purchase_is_asked_for(desk, ada, amount):
    assert "0 where nothing was" in str(errors(enter(desk, ada, amount=amount))["amount"])
    assert not Journal.objects.exists()
    assert enter(desk, ada, amount="0").status_code == 302
    assert "warnings" not in Journal.objects.get().answer


def test_a_visit_needs_no_amount(desk, ada):
    assert enter(desk, ada, activity="visit", amount="").status_code == 302
    assert Journal.objects.get().payload.get("amount") is None


def test_the_amount_of_a_line_is_asked_for(desk, ada):
    line = {"lines-TOTAL_FORMS": "1", "lines-0-sku": "TEA-1", "lines-0-quantity": "1"}
    response = enter(desk, ada, **line, **{"lines-0-amount": ""})
    [inline] = response.context["inline_admin_formsets"]
    assert "0 where nothing was" in str(inline.formset.forms[0].errors["amount"])
    assert not Journal.objects.exists()


def test_a_misspelt_activity_is_said_at_once_and_on_the_page(desk, ada):
    response = enter(desk, ada, activity="purchse")
    words = "No rule, cap or list of the program knows the activity “purchse”; did you mean purchase?"
    assert words in said(response)
    shown = desk.get(reverse("admin:transactions_journal_change", args=[Journal.objects.get().pk])).content.decode()
    assert "Surely wrong" in shown
    assert words in shown


def test_a_strict_program_refuses_it_at_its_field(desk, ada, club):
    club.strictness = "refuse"
    club.save()
    assert "did you mean purchase?" in str(errors(enter(desk, ada, activity="purchse"))["activity"])
    assert not Journal.objects.exists()


def test_a_strict_program_shows_each_thing_that_is_wrong_at_its_field(desk, ada, club):
    club.strictness, club.channels = "refuse", "web"
    club.save()
    found = errors(enter(desk, ada, activity="purchse", channel="store"))
    assert "did you mean purchase?" in str(found["activity"])
    assert "no channel “store”" in str(found["channel"])
    assert str(found).count("did you mean") == 1


def test_an_active_program_without_a_rule_or_a_currency_is_said_to_be_one(office, made):
    Program.objects.update(status="draft")
    Rule.objects.update(is_active=False)
    response = save(office, page(made), status="active")
    assert response.status_code == 302
    assert "has no rule that is switched on" in said(response)
    assert "has no currency" not in said(response)


def test_nothing_is_said_where_nothing_is_missing_or_the_program_was_active_before(office, made):
    Program.objects.update(status="draft")
    assert "active now" not in said(save(office, page(made), status="active"))
    Rule.objects.update(is_active=False)
    assert "active now" not in said(save(office, page(made), name="Alpine"))


def test_a_strict_program_becomes_active_only_with_a_rule(office, made):
    Program.objects.update(status="draft", strictness="refuse")
    Rule.objects.update(is_active=False)
    response = save(office, page(made), status="active")
    assert "has no rule that is switched on" in str(errors_of(response)["status"])
    assert Program.objects.get().status == "draft"
    Rule.objects.update(is_active=True)
    assert save(office, page(made), status="active").status_code == 302


WEB_ONLY = "Rule “Web”: “web” is no channel of the program; known are store."


@pytest.fixture
def web(made):
    return factories.rule(made, "web", "per_visit", {"points": "5"}, conditions={"channels": ["web"]})


def test_channels_that_leave_a_rule_without_one_are_said_and_refused_where_strict(office, made, web):
    assert "Rule" not in said(save(office, page(made), name="Alpine"))
    assert WEB_ONLY in said(save(office, page(made), channels="store"))
    Program.objects.update(strictness="refuse", channels="")
    assert WEB_ONLY in unescape(str(errors_of(save(office, page(made), channels="store"))["channels"]))
    assert Program.objects.get().channels == ""
    assert save(office, page(made), channels="store, web").status_code == 302


def test_a_program_is_made_strict_only_when_its_rules_fit(office, made, web):
    Program.objects.update(channels="store")
    response = save(office, page(made), strictness="refuse")
    assert WEB_ONLY in unescape(str(errors_of(response)["strictness"]))
    assert Program.objects.get().strictness == "warn"
    Rule.objects.filter(pk=web.pk).update(is_active=False)
    assert save(office, page(made), strictness="refuse").status_code == 302


def test_an_active_program_is_made_strict_only_with_a_rule(office, made):
    Rule.objects.update(is_active=False)
    response = save(office, page(made), strictness="refuse")
    assert "has no rule that is switched on" in str(errors_of(response)["strictness"])


def test_the_last_rule_of_a_strict_program_stays_while_it_is_active(office, made):
    last = Rule.objects.get(code="spend")
    Rule.objects.exclude(pk=last.pk).update(is_active=False)
    Program.objects.update(strictness="refuse")
    assert "this is the last one" in str(errors_of(save(office, page(last), is_active=""))["is_active"])
    delete = reverse("admin:programs_rule_delete", args=[last.pk])
    assert office.post(delete, {"post": "yes"}).status_code == 403
    assert Rule.objects.get(pk=last.pk).is_active
    Program.objects.update(status="paused")
    assert save(office, page(last), is_active="").status_code == 302


def test_a_partner_who_leaves_with_a_store_that_a_rule_names_is_said(client, admin_user, made):
    client.force_login(admin_user)
    guest = factories.partner("guest")
    factories.store(guest, "paris")
    made.participations.create(partner=guest)
    factories.rule(made, "far", "per_visit", {"points": "5"}, conditions={"stores": ["paris"]})
    response = save(client, page(made), participations__0__DELETE="on")
    assert not made.participations.exists()
    assert "Rule “Far”: “paris” is no active store of who takes part." in said(response)


def test_a_new_active_program_without_a_currency_is_said_to_give_nothing(office, made):
    response = office.get(reverse("admin:programs_program_add"))
    assert response.status_code == 200
    data = {"name": "Empty", "code": "empty", "owner": made.owner.pk, "status": "active", "time_zone": "UTC"}
    data |= {"money": "EUR", "language": "en", "round_per": "order", "max_backdate_days": 1, "pre_enrolment_days": 0}
    data |= {"strictness": "warn", "score_days": 365, "score_purchases": 12, "score_money": "1000"}
    data |= {"score_recency": 1, "score_frequency": 1, "score_spend": 1}
    for prefix in ("participations", "currencies"):
        data |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    response = office.post(reverse("admin:programs_program_add"), data)
    assert response.status_code == 302, response.context["adminform"].form.errors
    assert "has no currency" in said(response)


def test_a_rule_for_a_store_that_nobody_has_is_said_on_its_page_and_on_that_of_the_program(office, made):
    found = factories.rule(made, "far", "per_visit", {"points": "5"}, conditions={"stores": ["nowhere"]})
    words = "“nowhere” is no active store of who takes part"
    assert words in office.get(page(found)).content.decode()
    assert words in office.get(page(made)).content.decode()
    Program.objects.update(strictness="refuse")
    response = save(office, page(found), when_stores="nowhere")
    assert words in str(errors_of(response)["when_stores"])
