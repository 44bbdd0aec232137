"""Staff paste or upload SKUs into a list, and are told by lines what is wrong."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from programs import sku_lists
from programs.models import SkuList
from tests.support import factories
from tests.support.admin_forms import errors_of, form_of, page, save


@pytest.fixture
def made(db):
    return factories.program("club")


@pytest.fixture
def desk(client, admin_user):
    client.force_login(admin_user)
    return client


@pytest.fixture
def summer(made):
    found = SkuList.objects.create(program=made, code="summer", name="Summer")
    sku_lists.put(found, ["A"])
    return found


def skus(of):
    return [entry.sku for entry in of.entries.all()]


def test_a_list_is_made_with_what_was_pasted(desk, made):
    address = reverse("admin:programs_skulist_add")
    data = form_of(desk, address) | {"program": str(made.pk), "name": "Summer", "code": "summer", "pasted": "B\nA\n"}
    assert desk.post(address, data).status_code == 302
    assert skus(SkuList.objects.get()) == ["A", "B"]
    shown = desk.get(page(SkuList.objects.get())).content.decode()
    assert "2 SKUs: A, B." in shown


def test_a_file_adds_to_a_list_and_may_replace_it(desk, summer):
    assert save(desk, page(summer), file=SimpleUploadedFile("skus.txt", b"B\r\nC\r\n")).status_code == 302
    assert skus(summer) == ["A", "B", "C"]
    file = SimpleUploadedFile("skus.txt", b"D\n")
    assert save(desk, page(summer), file=file, replaces="on").status_code == 302
    assert skus(summer) == ["D"]
    assert save(desk, page(summer), replaces="on").status_code == 302
    assert skus(summer) == []


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"pasted": f"B\n{'x' * 65}"}, "pasted", "Line 2: “xxxxxxxxxxxxxxxxxxxx…” is longer than the 64 characters"),
        ({"file": b"B\n\nC\x07"}, "file", "Line 3: Leave out control characters"),
        ({"file": b"\xff"}, "file", "The file is not in UTF-8 (byte 0)."),
    ],
)
def test_what_is_no_sku_is_named_and_nothing_is_put_in(desk, summer, fields, field, words):
    given = {name: SimpleUploadedFile("s.txt", one) if name == "file" else one for name, one in fields.items()}
    found = errors_of(save(desk, page(summer), **given))
    assert words in " ".join(found[field])
    assert skus(summer) == ["A"]


def test_a_list_that_a_rule_names_cannot_be_deleted(desk, made, summer):
    sku_lists.put(summer, [], replaces=True)
    address = reverse("admin:programs_skulist_delete", args=[summer.pk])
    assert desk.get(address).status_code == 200
    factories.rule(made, "s", "per_visit", {"points": "5"}, conditions={"any": [{"sku_list": "summer"}]})
    assert desk.get(address).status_code == 403
