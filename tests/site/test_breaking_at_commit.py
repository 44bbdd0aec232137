"""Where the connection breaks at COMMIT nobody knows what was written; no answer says that nothing was."""

import uuid

import pytest
from django.contrib.admin import site
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.test import Client

from loyalty_site.lib import commits
from members import enrolment
from members.models import Member
from partners.models import Partner
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.api_life import purchase
from tests.support.breaking import broken_before_it_is_written, through_a_proxy
from tests.support.importing import PLAIN, Folder
from transactions import ledger
from transactions.models import Journal

pytestmark = pytest.mark.django_db(transaction=True)
SAFE = "nothing is done twice"
LOOK = "Look first whether it is there"


@pytest.fixture
def shop():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connection that could break")
    club = factories.program("club", owner=factories.partner("shop"))
    made = Caller(club.owner)
    made.member = factories.member(club)
    made.who = {"member": {"number": made.member.number}}
    # The first request of a process compiles the program.
    assert made.get("programs/").status_code == 200
    return made


def post(shop, path, value, *, idempotency_key=None):
    """As `shop.post`, which takes no answer from 500 on."""
    headers = {"Authorization": f"Bearer {shop.text}"}
    headers |= {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    answer = shop.client.post(f"/api/v1/{path}", value, "application/json", headers=headers)
    answer.said = answer.json()
    return answer


def is_unknown(answer, words):
    assert (answer.status_code, answer.said["code"]) == (503, "outcome_unknown")
    assert words in answer.said["detail"]
    assert "nothing was written" not in answer.said["detail"]
    # Only who may come again by itself is told when.
    assert ("Retry-After" in answer.headers) == (words == SAFE)
    return True


def test_a_commit_that_never_arrived_may_have_been_written_and_the_same_again_writes_it_once(shop):
    with broken_before_it_is_written():
        assert is_unknown(post(shop, "transactions/", purchase("one", **shop.who)), SAFE)
        batch = [purchase("one", **shop.who), purchase("two", **shop.who)]
        assert is_unknown(post(shop, "transactions/", batch), SAFE)
    assert not shop.member.journals.exists()
    assert post(shop, "transactions/", purchase("one", **shop.who)).status_code == 201
    assert shop.member.journals.count() == 1


def test_a_commit_whose_answer_was_lost_was_written_and_the_same_again_is_a_replay(shop):
    with through_a_proxy() as proxy:
        assert shop.get("programs/").status_code == 200
        proxy.loses_next_answer = True
        assert is_unknown(post(shop, "transactions/", purchase("one", **shop.who)), SAFE)
        again = post(shop, "transactions/", purchase("one", **shop.who))
        assert again.status_code == 200
        assert again.said["id"] == shop.member.journals.get().pk
    assert shop.member.journals.count() == 1


def test_who_has_no_name_is_told_to_look_first_and_an_idempotency_key_is_a_name(shop):
    one, other = (post(shop, "transactions/", purchase(name, **shop.who)).said["id"] for name in ("one", "other"))
    key = uuid.uuid4().hex
    with through_a_proxy() as proxy:
        assert shop.get("programs/").status_code == 200
        proxy.loses_next_answer = True
        assert is_unknown(post(shop, "members/", {"first_name": "Ada"}), LOOK)
        proxy.loses_next_answer = True
        assert is_unknown(post(shop, f"transactions/{one}/reversal/", {}), SAFE), "its address is its name"
        assert post(shop, f"transactions/{one}/reversal/", {}).status_code == 200
        proxy.loses_next_answer = True
        assert is_unknown(post(shop, f"transactions/{other}/reversal/", {}, idempotency_key=key), SAFE)
        again = post(shop, f"transactions/{other}/reversal/", {}, idempotency_key=key)
        assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")


def test_reading_and_what_never_came_to_a_commit_wrote_nothing(shop):
    with through_a_proxy() as proxy:
        proxy.close()
        connection.close()
        answer = post(shop, "transactions/", purchase("one", **shop.who))
        assert (answer.status_code, answer.said["code"]) == (503, "busy")
        assert "nothing was written" in answer.said["detail"]


def test_what_fails_behind_a_commit_does_not_say_that_nothing_was_written(shop, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the answer cannot be put together")

    monkeypatch.setattr("partners.api.endpoint.Endpoint.answer", fail)
    shop.client.raise_request_exception = False
    answer = post(shop, "transactions/", purchase("one", **shop.who))
    assert (answer.status_code, answer.said["code"]) == (500, "server_error")
    assert "it may have been written" in answer.said["detail"]
    assert shop.member.journals.count() == 1


def test_a_page_does_not_say_that_nothing_was_saved(shop, admin_user):
    browser = Client()
    browser.force_login(admin_user)
    partner = shop.connection.partner
    path = f"/admin/partners/partner/{partner.pk}/change/"
    form = site._registry[Partner].get_form(browser.get(path).wsgi_request, partner)(instance=partner)
    values = {name: value for name, value in form.initial.items() if value is not None} | {"name": "Another"}
    for inline in site._registry[Partner].inlines:
        prefix = inline.model._meta.get_field("partner").remote_field.get_accessor_name()
        values |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    with through_a_proxy() as proxy:
        browser.get("/health/ready")
        proxy.loses_next_answer = True
        page = browser.post(path, values)
        assert page.status_code == 503
        assert "may have been written" in page.content.decode()
    partner.refresh_from_db()
    assert partner.name == "Another"


def test_a_database_that_refuses_a_commit_wrote_nothing(shop):
    commits.begin()
    with pytest.raises(IntegrityError), transaction.atomic():
        # Its customer is checked at COMMIT.
        Member.objects.filter(pk=shop.member.pk).update(customer_id=10**9)
    assert commits.count() == 0


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_of_an_error_without_a_cause_nobody_knows(kind):
    assert not commits.is_refusal(kind("the connection is closed"))


PURCHASES = "id,who,day,sum\n" + "".join(f"O-{n},C-{n},2026-02-0{n % 9 + 1},10.00\n" for n in range(60))


@pytest.mark.parametrize("at", ["enrolment", "posting"])
def test_an_import_goes_on_when_the_answer_to_a_commit_was_lost(shop, tmp_path, monkeypatch, at):
    monkeypatch.setattr("transactions.imports.sharing.connections", lambda configuration: 1)
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", 10)
    folder = Folder(tmp_path, factories.program(expiry="never", max_backdate_days=20_000))
    with through_a_proxy() as proxy:
        place = {"enrolment": "newcomers.enrolment.enrol_many", "posting": "posting.ledger.record"}[at]
        module, function = place.split(".")[1:]
        do = getattr({"enrolment": enrolment, "ledger": ledger}[module], function)
        calls = []

        def lose(*args, **options):
            calls.append(options)
            proxy.loses_next_answer = len(calls) == 4 and not options.get("dry_run")
            return do(*args, **options)

        monkeypatch.setattr(f"transactions.imports.{place}", lose)
        told = folder.load(PURCHASES, {"enrol": True, "fields": PLAIN["fields"] | {"external_id": "id"}})
    assert told.code == 0
    assert len(calls) > 4
    assert Journal.objects.filter(connection__platform="import").count() == 60


@pytest.mark.each_database
def test_an_import_that_cannot_go_on_says_how_it_does(tmp_path, monkeypatch, db):
    folder = Folder(tmp_path, factories.program(expiry="never", max_backdate_days=20_000))

    def fail(*args, **kwargs):
        raise OperationalError("disk full\nHINT: no space")

    monkeypatch.setattr("transactions.imports.posting.ledger.record", fail)
    told = folder.load(PURCHASES, {"enrol": True, "fields": PLAIN["fields"] | {"external_id": "id"}})
    assert told.code == 2
    assert "took no more: disk full. What is recorded stays. Run the same command again" in str(told)


BALANCES = "email,points\n" + "".join(f"m{n}@example.com,{n + 1}\n" for n in range(30))
BROUGHT = {"source": "x", "fields": {"email": "email", "points": "points"}}


def test_members_are_brought_in_once_when_the_answer_to_a_commit_was_lost(shop, tmp_path, monkeypatch):
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", 10)
    folder = Folder(tmp_path, factories.program())
    with through_a_proxy() as proxy:
        calls = []

        def lose(*args, **options):
            calls.append(options)
            done = ledger_record(*args, **options)
            proxy.loses_next_answer = len(calls) == 3
            return done

        ledger_record = ledger.record
        monkeypatch.setattr("transactions.imports.members.bringing.ledger.record", lose)
        run = folder.bring(BALANCES, BROUGHT)
    assert run.code == 0
    assert len(calls) > 3
    assert Journal.objects.filter(kind="opening").count() == 30
    assert sum(map(factories.held, Member.objects.filter(program=folder.program))) == sum(range(31))


@pytest.mark.each_database
def test_bringing_members_in_says_how_it_goes_on_where_it_cannot(tmp_path, monkeypatch, db):
    folder = Folder(tmp_path, factories.program())

    def fail(*args, **kwargs):
        raise OperationalError("disk full\nHINT: no space")

    monkeypatch.setattr("transactions.imports.members.bringing.ledger.record", fail)
    run = folder.bring(BALANCES, BROUGHT)
    assert run.code == 2
    assert "took no more: disk full. What is recorded stays. Run the same command again" in run.error
    assert not Member.objects.exists()
