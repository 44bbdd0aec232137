"""What is known of people besides their names: birthdays, consents, tags."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from members.models import Customer, Tag
from tests.support import factories

pytestmark = pytest.mark.django_db


def test_a_birth_date_says_the_birthday():
    customer = Customer.objects.create(first_name="Ada", birth_date=date(1984, 3, 9))
    assert customer.birthday == "03-09"
    customer.birth_date = date(2000, 2, 29)
    customer.save(update_fields=["birth_date"])
    customer.refresh_from_db()
    assert customer.birthday == "02-29"


def test_a_birthday_is_kept_without_a_year():
    customer = Customer.objects.create(first_name="Ada", birthday="12-25")
    customer.full_clean()
    assert customer.birth_date is None


@pytest.mark.parametrize("birthday", ["02-30", "25-12", "1984-03-09", "3-9", "--12-25", "20240229"])
def test_what_is_no_day_of_a_year_is_no_birthday(birthday):
    with pytest.raises(ValidationError):
        Customer(first_name="Ada", birthday=birthday[:5] if len(birthday) > 8 else birthday).full_clean()


def test_a_tag_is_there_once_and_has_a_name():
    customer = factories.member(factories.program()).customer
    Tag.objects.create(customer=customer, name="vip")
    for name in ("vip", ""):
        with pytest.raises(IntegrityError), transaction.atomic():
            Tag.objects.create(customer=customer, name=name)
