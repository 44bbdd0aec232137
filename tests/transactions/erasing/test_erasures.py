"""C27: whoever is erased is found by nothing, stands nowhere, and has changed no point of anybody's ledger."""

import json
from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone

from loyalty_site.lib.sql import Session
from members import enrolment, search
from members.lookup import Lookup
from members.models import Attempt, Card, Consent, Customer, Delivery, Erasure, Event, ExternalId, Member, Tag
from partners.activity import Activity, Adjustment, Line, Transfer
from partners.models import KeptAnswer
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.everything_stored import tables_with
from tests.support.factories import held, post, post_one, purchase, redemption, reversal
from tests.support.messages import listen, message, told
from transactions.erasing import erasures
from transactions.erasing.erasures import NotErasable, erase
from transactions.merging import merges
from transactions.models import Entry, Journal, Lot
from transactions.proof import seals
from transactions.proof.audit import audit
from transactions.verbs.adjustments import ReasonMissing

WHO = {
    "first_name": "Augusta",
    "last_name": "Kingwood",
    "email": "Augusta.Kingwood@example.org",
    "phone": "+33698765432",
    "birth_date": "1984-03-09",
    "language": "fr",
    "time_zone": "Europe/Lisbon",
}
CARD, CRM = "C-18151210", "crm-augusta-7"
#: By what somebody would be known.
PERSONAL = ["augusta", "kingwood", "698765432", "1984-03-09", "europe/lisbon", CARD, CRM]
REASON = "Asked for it"


@pytest.fixture
def made(db):
    made = factories.program("club")
    listen(made, "member.erased", "member.enrolled", "points.earned")
    return made


@pytest.fixture
def ada(made):
    ada = factories.member(made, **WHO)
    Card.objects.create(member=ada, number=CARD)
    ExternalId.objects.create(customer=ada.customer, connection=factories.till(made), value=CRM)
    Tag.objects.create(customer=ada.customer, name="augusta-fan")
    Consent.objects.create(customer=ada.customer, channel="email", is_given=True, source="Form of A. Kingwood")
    return ada


@pytest.fixture
def lively(made, ada):
    """Ada did all that leaves words behind, with others who stay."""
    other = factories.member(made)
    by = {"card": CARD}
    engraved = Line("CUP", amount=90_000, labels=("gift",), attributes={"engraved": "For Augusta"})
    post_one(
        made,
        Activity(
            kind="purchase",
            external_id="o-1",
            member=by,
            amount=90_000,
            attributes={"by": "Augusta"},
            lines=(engraved,),
        ),
    )
    second = post_one(
        made, Activity(kind="purchase", external_id="o-2", member={"email": WHO["email"]}, amount=5_000)
    )
    post_one(made, redemption(ada, 40, reason="A cap for Augusta"))
    post_one(made, reversal(second.journal_id, reason="Ms Kingwood brought it back"))
    gift = Transfer("t-1", member={"number": other.number}, to={"phone": WHO["phone"]}, points=5, reason="Hi Augusta")
    post_one(made, purchase(other, 10_000))
    made.currencies.filter(code="points").update(transfers=True)
    made.touch(made.pk)
    made.refresh_from_db()
    post_one(made, gift)
    number = {"number": ada.number}
    post_one(made, Adjustment("a-1", member=number, points=7, reason="Sorry, Augusta"))
    clerk = get_user_model().objects.create_user("clerk")
    of_members = ContentType.objects.get_for_model(Member)
    log = {"user": clerk, "content_type": of_members, "object_id": str(ada.pk), "action_flag": CHANGE}
    LogEntry.objects.create(object_repr=str(ada), change_message="Adjusted: Augusta asked", **log)
    KeptAnswer.objects.create(
        connection=factories.till(made), key="k", fingerprint="f", status=201,
        body=json.dumps({"number": ada.number, "email": WHO["email"]}),
    )  # fmt: skip
    KeptAnswer.objects.create(connection=factories.till(made), key="l", fingerprint="f", status=201, body="{}")
    return other


def ledger_of(made):
    """All numbers, dates and hashes of the ledger."""
    return (
        list(Entry.objects.order_by("pk").values()),
        list(Lot.objects.order_by("pk").values()),
        list(Journal.objects.order_by("pk").values("pk", "kind", "amount", "activity_at", "status", "order_ref")),
        list(Member.objects.order_by("pk").values("pk", "sequence", "chain", "enrolled_at")),
    )


def test_c27_r1_afterwards_nothing_that_says_who_it_was_stands_in_any_table(made, ada, lively):
    old = ada.number
    for text in ("augusta", "kingwood", "698765432", CARD):
        assert tables_with(text), f"the test is blind for {text}"
    done = erase(ada.customer, reason=REASON)
    for text in PERSONAL:
        assert not tables_with(text), text
    # Those who have to erase it as well are told whose it was by the number of before, and by nothing else.
    assert tables_with(old) == {"members_event": 1}
    assert done.counts["transactions"] >= 6
    assert Customer.objects.get(pk=ada.customer_id).birthday == ""
    assert KeptAnswer.objects.get().key == "l"
    assert LogEntry.objects.get().object_repr == "erased"


def test_c27_r1_the_ledger_stays_to_the_last_byte_and_its_proof_holds(made, ada, lively):
    today = timezone.localdate()
    seals.seal(made, today - timedelta(days=1), now=timezone.now())
    before = ledger_of(made)
    erase(ada.customer, reason=REASON, points=Erasure.Points.KEEP)
    assert ledger_of(made) == before
    assert not list(audit(made))
    seals.seal(made, today, now=timezone.now())
    assert not list(audit(made))


def test_c27_r2_no_lookup_by_what_was_known_finds_anybody_and_who_joins_again_is_new(made, ada, lively):
    known = [
        {"number": ada.number},
        {"card": CARD},
        {"email": WHO["email"]},
        {"phone": WHO["phone"]},
        {"external_id": CRM},
    ]
    till = factories.till(made)

    def found():
        session = Session()
        with session.together():
            lookup = Lookup(session, made.pk, till.pk, known)
        return lookup.take()

    assert found() == [ada.pk] * len(known)
    erase(ada.customer, reason=REASON)
    assert [refusal.code for refusal in found()] == ["member_unknown"] * len(known)
    for text in (ada.number, CARD, WHO["email"], WHO["phone"], "Kingwood", "Kingwood, Augusta"):
        assert not search.matching(Member.objects.all(), text).exists()
    again = factories.member(made, **WHO)
    assert (again.customer_id != ada.customer_id, held(again)) == (True, 0)


def test_the_membership_is_closed_has_another_number_and_cannot_be_used(made, ada, lively):
    old = ada.number
    erase(ada.customer, reason=REASON)
    ada.refresh_from_db()
    assert (ada.status, ada.number == old) == ("closed", False)
    [result] = post(made, purchase(ada, 1_000))
    assert result.status == "refused"
    with pytest.raises(enrolment.NotEnrollable, match="erased"):
        enrolment.enrol(factories.program(), ada.customer, channel="web")


def test_points_are_forfeited_by_an_adjustment_or_kept(made, ada, lively):
    points = held(ada)
    with transaction.atomic():
        done = erase(ada.customer, reason=REASON, points=Erasure.Points.KEEP)
        assert (held(ada), done.counts["forfeited"]) == (points, {})
        transaction.set_rollback(True)
    done = erase(Customer.objects.get(pk=ada.customer_id), reason=REASON)
    ada.refresh_from_db()
    assert held(ada) == 0
    assert done.counts["forfeited"] == {ada.number: {"points": points}}
    journal = Journal.objects.get(external_id=f"erasure-{done.pk}-{ada.pk}-points")
    assert (journal.kind, journal.reason) == ("adjustment", "Forfeited when the personal data were erased")
    assert journal.payload["member"] == {"number": ada.number}
    assert not list(audit(made))
    assert_balanced(made)


def test_pending_points_are_forfeited_as_well(made, ada):
    made.currencies.filter(code="points").update(pending_days=14)
    made.touch(made.pk)
    made.refresh_from_db()
    post_one(made, purchase(ada, 10_000))
    assert ada.balances.get(currency__code="points").pending == 100
    erase(ada.customer, reason=REASON)
    balance = ada.balances.get(currency__code="points")
    assert (balance.available, balance.pending) == (0, 0)
    assert not list(audit(made))


def test_others_hear_whose_data_to_erase_and_nothing_else_of_the_person_is_sent_any_more(made, ada):
    old = ada.number
    mail = message(made, "points.earned")
    event = Event.objects.create(
        program=made, member=ada, type="points.earned", occurred_at=timezone.now(), data={"member": {"number": old}}
    )
    common = {"program": made, "event": event, "connection": mail.connection, "member": ada, "message": mail}
    waiting = Delivery.objects.create(kind="message", key="a", recipient=WHO["email"], **common)
    sent = Delivery.objects.create(
        kind="message", key="b", recipient=WHO["email"], state="sent", next_at=None, ended_at=timezone.now(), **common
    )
    Attempt.objects.create(delivery=sent, number=1, request=f"To: {WHO['email']}", answer="Augusta", reason="Augusta")
    erase(ada.customer, reason=REASON)
    waiting.refresh_from_db()
    sent.refresh_from_db()
    assert (waiting.state, waiting.reason, waiting.recipient) == ("skipped", "The person was erased.", "")
    assert (sent.state, sent.recipient) == ("sent", "")
    [tried] = Attempt.objects.values_list("request", "answer", "reason")
    assert tried == ("", "", "erased")
    [erased] = told("member.erased")
    assert (erased.member, erased.spread_at) == (ada, None)
    assert (erased.data["member"]["number"], erased.data["member"]["status"]) == (old, "closed")
    ada.refresh_from_db()
    assert not Event.objects.exclude(pk=erased.pk).filter(spread_at=None).exists()
    assert Event.objects.get(pk=event.pk).data == {"member": {"number": ada.number}}


def test_who_was_merged_is_the_same_person(made, ada):
    twin = factories.member(made, first_name="Gussie", last_name="Kingwood", email="gussie@example.org")
    other = factories.program("other")
    third = enrolment.enrol(other, twin.customer, channel="web")
    post_one(made, purchase(twin, 3_000))
    merges.merge(twin, ada, reason="Gussie is Augusta")
    done = erase(twin.customer, reason=REASON)
    assert (done.counts["customers"], done.counts["members"]) == (2, 3)
    for text in (*PERSONAL, "gussie"):
        assert not tables_with(text), text
    twin.refresh_from_db()
    third.refresh_from_db()
    assert (twin.status, third.status) == ("merged", "closed")
    assert not list(audit(made))


def test_a_company_is_erased_too(made):
    firm = factories.member(made, kind="company", company_name="Kingwood Ltd", first_name="", last_name="")
    erase(firm.customer, reason=REASON)
    assert not tables_with("kingwood")
    assert Customer.objects.get(pk=firm.customer_id).company_name == "erased"


@pytest.mark.parametrize("what", ["reason", "twice", "reservation"])
def test_what_stands_against_it_is_said_and_nothing_is_half_done(made, ada, what):
    post_one(made, purchase(ada, 10_000))
    reason, error, words = REASON, NotErasable, "already"
    if what == "reason":
        reason, error, words = " ", ReasonMissing, "Say why"
    elif what == "twice":
        erase(ada.customer, reason=REASON)
    else:
        post_one(made, redemption(ada, 10, reserve_s=600))
        words = "confirm or release"
    before = list(Member.objects.values()), list(Customer.objects.values()), Event.objects.count()
    with pytest.raises(error, match=words):
        erase(ada.customer, reason=reason)
    assert before == (list(Member.objects.values()), list(Customer.objects.values()), Event.objects.count())


def test_what_failed_half_way_has_changed_nothing(made, ada, lively, monkeypatch):
    monkeypatch.setattr(erasures.erasing, "overwrite", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        erase(ada.customer, reason=REASON)
    assert not Erasure.objects.exists()
    assert Journal.objects.filter(reason="A cap for Augusta").exists()
