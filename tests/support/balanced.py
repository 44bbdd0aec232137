"""Do the books of a program balance after a test? The product's own audit says so."""

from transactions.proof.audit import audit


def assert_balanced(made):
    """Each part of every balance, the lots, the traces and the chains follow from the entries."""
    drifts = [str(drift) for drift in audit(made)]
    assert not drifts, "; ".join(drifts)
