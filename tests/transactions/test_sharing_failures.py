"""What goes wrong with one fact is the matter of that fact alone, and the line goes on."""

import logging

import pytest
from django.db import transaction

from tests.support import factories
from tests.support.books_balance import books_balance
from tests.support.factories import held, purchase, redemption
from tests.support.lines import batches, nobody_is_held_up, share, shop, waiting, while_one_posts
from transactions import ledger, sharing

__all__ = ["batches", "books_balance", "nobody_is_held_up", "shop", "waiting"]

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_balance")]


def test_one_bad_fact_is_refused_alone(shop, batches, monkeypatch):
    ada, bob, eve = [factories.member(shop[0]) for _ in range(3)]
    facts = purchase(ada, 1000), redemption(bob, 5), purchase(eve, 1000)
    results = while_one_posts(shop, purchase(ada, 2000), *facts, monkeypatch=monkeypatch)
    assert batches == [1, 3]
    assert [result.status for result in results] == ["posted", "posted", "refused", "posted"]
    assert results[2].refusal.field == "points"
    assert (held(ada), held(bob), held(eve)) == (30, 0, 10)


def test_where_a_shared_batch_fails_each_is_posted_alone(shop, batches, monkeypatch):
    people = [factories.member(shop[0]) for _ in range(4)]
    record = ledger.record

    def fail_together(items, **options):
        if len(items) > 1:
            with transaction.atomic():
                record(items, **options)
                raise RuntimeError("The server went away.")
        return record(items, **options)

    monkeypatch.setattr(ledger, "record", fail_together)
    results = while_one_posts(shop, *[purchase(who, 1000) for who in people], monkeypatch=monkeypatch)
    assert batches == [1, 3, 1, 1, 1]
    assert {result.status for result in results} == {"posted"}
    assert [held(who) for who in people] == [10] * 4


def test_who_fails_alone_is_told_why_and_the_line_goes_on(shop):
    made, _ = shop
    ada = factories.member(made)
    type(made).objects.filter(pk=made.pk).update(status="paused")
    made.touch(made.pk)
    with pytest.raises(ledger.ProgramNotActive):
        share(shop, purchase(ada, 1000))
    type(made).objects.filter(pk=made.pk).update(status="active")
    made.touch(made.pk)
    assert share(shop, purchase(ada, 1000)).status == "posted"


def test_who_fails_alone_is_posted_once_and_without_a_word_in_the_log(shop, batches, caplog):
    made, _ = shop
    ada = factories.member(made)
    type(made).objects.filter(pk=made.pk).update(status="paused")
    made.touch(made.pk)
    with caplog.at_level(logging.INFO), pytest.raises(ledger.ProgramNotActive):
        share(shop, purchase(ada, 1000))
    assert batches == [1]
    assert not caplog.records


@pytest.mark.parametrize(
    ("error", "level"), [(ledger.ProgramNotActive("Paused."), "INFO"), (RuntimeError("A fault of ours."), "WARNING")]
)
def test_a_fault_of_a_shared_batch_is_in_the_log_with_its_traceback(shop, waiting, monkeypatch, caplog, error, level):
    def fail(items, **options):
        raise error

    monkeypatch.setattr(ledger, "record", fail)
    ada = factories.member(shop[0])
    waiting(purchase(ada, 1000))
    with caplog.at_level(logging.INFO), pytest.raises(type(error)):
        share(shop, purchase(ada, 1000))
    [record] = caplog.records
    assert record.levelname == level
    assert bool(record.exc_info) == (level == "WARNING")


def test_the_line_goes_on_behind_a_thread_that_was_interrupted(shop, waiting, monkeypatch):
    monkeypatch.setattr(sharing, "LARGEST_SHARE", 1)
    ada, bob = factories.member(shop[0]), factories.member(shop[0])
    [before] = waiting(purchase(ada, 1000))

    record, interrupted = ledger.record, []

    def interrupt(items, **options):
        if not interrupted:
            interrupted.append(items)
            raise KeyboardInterrupt
        return record(items, **options)

    monkeypatch.setattr(ledger, "record", interrupt)
    with pytest.raises(KeyboardInterrupt):
        share(shop, purchase(bob, 1000))
    line = sharing._line_of(shop[0].pk, shop[1])
    assert (before.is_over, line._is_busy, len(line._waiting)) == (True, False, 0)
    assert share(shop, purchase(bob, 2000)).status == "posted"
