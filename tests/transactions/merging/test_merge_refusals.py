"""Who cannot become one, and why? Whatever is refused changes nothing."""

import pytest

from members.models import Merge, Relation
from tests.support import factories
from tests.support.factories import post_one, purchase, redemption
from tests.support.merging import join
from transactions.merging import merges
from transactions.models import Approval

pytestmark = pytest.mark.django_db


class TestRefusals:
    def refused(self, source, target, **options):
        with pytest.raises(merges.Refused) as caught:
            join(source, target, **options)
        assert Merge.objects.count() == 0
        return caught.value.refusal.field, caught.value.refusal.detail

    def test_into_itself(self, ada):
        assert self.refused(ada, ada)[0] == "target"

    def test_without_a_reason(self, ada, twin):
        assert self.refused(twin, ada, reason=" ")[0] == "reason"

    def test_into_another_program(self, ada):
        assert "different programs" in self.refused(factories.member(factories.program()), ada)[1]

    def test_a_group_into_a_person(self, made, ada):
        assert "group" in self.refused(factories.member(made, kind="group", company_name="Home"), ada)[1]

    @pytest.mark.parametrize("side", ["source", "target"])
    def test_what_is_not_active(self, made, ada, twin, side):
        who = {"source": twin, "target": ada}[side]
        type(who).objects.filter(pk=who.pk).update(status="closed")
        field, detail = self.refused(twin, ada)
        assert field == side
        assert "closed" in detail

    def test_twice(self, made, ada, twin):
        join(twin, ada)
        with pytest.raises(merges.NotMergeable, match="is merged"):
            join(twin, ada)

    def test_with_an_open_reservation(self, made, ada, twin):
        post_one(made, purchase(twin, 10_000))
        post_one(made, redemption(twin, 5, reserve_s=600))
        assert "open reservation" in self.refused(twin, ada)[1]

    def test_with_a_waiting_approval(self, made, ada, twin, boss):
        currency = made.currencies.get(code="points")
        Approval.objects.create(
            program=made,
            member=ada,
            currency=currency,
            points=9,
            reason="x",
            external_id="a",
            requested_by=boss,
            connection=factories.till(made),
        )
        assert "approval" in self.refused(twin, ada)[1]
        assert merges.preview(twin, ada)["problems"]

    def test_with_more_than_all_for_groups(self, made, ada, twin):
        for number, who in enumerate((ada, twin)):
            group = factories.member(made, kind="group", company_name=f"Group {number}")
            Relation.objects.create(member=who, group=group, percent=60)
        assert "100 %" in self.refused(twin, ada)[1]
