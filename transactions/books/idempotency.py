"""Is a fact known already, and what was answered to it then? Source of the rule: semantics C3-R2."""

import json

from loyalty_site.lib.refusals import Refused
from transactions.books.posting import Result


class IdempotencyConflict(Refused):
    code = "idempotency_conflict"


def read(session, configuration, via, names, orders):
    """Say the statement that reads the journals of these `names`, (kind, external id) pairs.

    Its rows are (kind, external id, key, fingerprint, answer), and more for `orders`: ("waiting", order, key, …) for
    refunds that came before them, and ("event", order, member, activity, …) for events that did.
    """
    where = [configuration.id, via.pk]
    params = [*where, sorted({kind for kind, _ in names}), [name for _, name in names], *where, orders]
    early = ""
    if any(currency.pending_event for currency in configuration.currencies.values()):
        early = (
            " UNION ALL SELECT 'event', order_ref, member_id, activity, NULL FROM transactions_journal "
            "WHERE program_id = %s AND connection_id = %s AND NOT (order_ref = '') AND order_ref {ids} "
            "AND kind = 'accrual' AND status IN ('processed', 'partially_reversed', 'reversed')"
        )
        params += [*where, orders]
    return session.run(
        "SELECT kind, external_id, id, fingerprint, answer FROM transactions_journal "
        "WHERE program_id = %s AND connection_id = %s AND kind {ids} AND external_id {ids} "
        "UNION ALL SELECT 'waiting', order_ref, id, '', NULL FROM transactions_journal "
        "WHERE program_id = %s AND connection_id = %s AND NOT (order_ref = '') AND order_ref {ids} "
        "AND kind = 'reversal' AND status = 'pending'" + early,
        params,
    )


def told(journal_id, stored, answer, fingerprint):
    """The Result of a known fact, as it was answered. Raises IdempotencyConflict when another one has its name."""
    if stored != fingerprint:
        raise IdempotencyConflict(
            f"Transaction {journal_id} has this external_id and another content; "
            "use a new external_id, or reverse that transaction first.",
            field="external_id",
        )
    return Result("replayed", journal_id, json.loads(answer))
