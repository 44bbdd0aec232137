"""Through how many files does a reader go who follows a partial refund? docs/architecture.md names them all."""

import re
import sys
from pathlib import Path

from tests.support.refunding import buy, refund
from transactions.verbs.reversals import Reverse

ROOT = Path(__file__).resolve().parents[3]
ROOMS = {ROOT / "transactions" / room for room in ("verbs", "books")}
MOST = 8
#: The writing of the engine, the same for every verb: whoever reads about refunds need not open it.
ENGINE = {"books/unit_of_work.py", "books/balances.py", "books/chain.py"}


def walked(call):
    """(what `call` returns, the files of the two rooms whose functions it called)."""
    files = set()

    def note(frame, event, _):
        if event == "call":
            files.add(frame.f_code.co_filename)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        result = call()
    finally:
        sys.setprofile(before)
    return result, {f"{path.parent.name}/{path.name}" for path in map(Path, files) if path.parent in ROOMS}


def test_a_partial_refund_passes_few_files(made, who, monkeypatch):
    bought, post, passed = buy(made, who, 5000), Reverse.post, set()

    def watched(verb, posting):
        result, files = walked(lambda: post(verb, posting))
        passed.update(files)
        return result

    monkeypatch.setattr(Reverse, "post", watched)
    assert refund(made, bought, "part", amount=2000).status == "posted"
    assert {"verbs/reversals.py", "verbs/refunds.py"} < passed
    assert passed > ENGINE
    assert len(passed - ENGINE) <= MOST, sorted(passed - ENGINE)
    way = (ROOT / "docs/architecture.md").read_text().split("## The way of a refund")[1].split("\n## ")[0]
    assert passed <= set(re.findall(r"`(\w+/\w+\.py)`", way)), "Name them in the way of a refund."
