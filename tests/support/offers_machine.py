"""What happens with promotions in a random life: members enrol and leave, codes are typed, an offer is stopped."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from members import promotions as enrolling
from programs import promotion_changes
from tests.support.ledger_machine import LedgerMachine, outcomes
from tests.support.offers_model import CODES
from transactions.merging import merges, unmerges

#: The code that is typed; often none.
TYPED = st.one_of(st.just(""), st.sampled_from(CODES))


class OffersMachine(LedgerMachine):
    """Rules about what offers_stored.py promises."""

    members = LedgerMachine.members

    def count_code(self, item):
        if item.code:
            outcomes["code", "gift" in self.model.orders[item.external_id].extra.given] += 1

    @rule(member=members, is_in=st.booleans())
    def opt_in_or_leave(self, member, is_in):
        if is_in:
            self.agree("opt in", lambda: self.model.offers.enrol(member), self.engine_enrols, member)
        else:
            self.agree("leave", lambda: self.model.offers.leave(member), self.engine_lets_go, member)

    def agree(self, name, wish, done, member):
        """Do the same in both; they must agree on yes and no."""
        _, is_wanted = self.wants(name, wish, member)
        assert done(self.rows[member.number]) == is_wanted

    def engine_enrols(self, who):
        try:
            enrolling.enrol(who, self.offered("club"), now=self.now)
        except enrolling.NotOpen:
            return False
        return True

    def engine_lets_go(self, who):
        return enrolling.leave(who, self.offered("club"), now=self.now)

    def offered(self, code):
        self.promotions[code].refresh_from_db()
        return self.promotions[code]

    @precondition(lambda self: self.model.orders)
    @rule(code=st.sampled_from(["club", "club", "club", "gift"]), is_stop=st.booleans())
    def stop_or_resume(self, code, is_stop):
        """What was bought before is not touched by either."""
        name = "stop" if is_stop else "resume"
        _, is_wanted = self.wants(name, lambda: getattr(self.model.offers, name)(code))
        try:
            if is_stop:
                promotion_changes.stop(self.offered(code), now=self.now, reason="sold out")
            else:
                promotion_changes.resume(self.offered(code), reason="more came")
            is_done = True
        except promotion_changes.NotNow:
            is_done = False
        assert is_done == is_wanted

    @rule(member=members, into=members)
    def merge_and_part(self, member, into):
        """A merge that is undone at once leaves all as it was (C21-R4), where nobody paid what the other one owed."""
        if member is into or any(who.into or who.reserved or who.arrears for who in (member, into)):
            return
        self.settle_all()
        before = self.state()
        merge = merges.merge(self.rows[member.number], self.rows[into.number], reason="The same person", now=self.now)
        unmerges.unmerge(merge, now=self.now)
        assert self.state() == before
        for lot in member.lots:
            lot.number = next(self.model.numbers)
        self.rows[member.number].refresh_from_db()
        outcomes["part", True] += 1
