"""A folder of plug-ins: one file, one class. A second one is refused, not lost."""

import sys
from textwrap import dedent

import pytest

from loyalty_site.lib.registry import load


class Fruit:
    pass


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A function that makes the package `orchard` of these files and loads it."""
    place = tmp_path / "orchard"
    place.mkdir()
    (place / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    def loaded(**files):
        for name, text in files.items():
            (place / f"{name}.py").write_text(f"from {__name__} import Fruit\n{dedent(text)}")
        return load(__import__("orchard"), Fruit)

    yield loaded
    for name in [name for name in sys.modules if name.split(".")[0] == "orchard"]:
        del sys.modules[name]


def test_each_file_is_a_plug_in_unless_it_is_shared_code(folder):
    apple = "class Apple(Fruit): ...\nBest = Apple"
    found = folder(apple=apple, pear="class Pear(Fruit): ...", shared="class Tree: ...")
    assert {slug: kind.__name__ for slug, kind in found.items()} == {"apple": "Apple", "pear": "Pear"}


def test_two_in_one_file_are_refused(folder):
    with pytest.raises(ImportError, match=r"orchard\.apple defines Apple and Pear: one file, one Fruit"):
        folder(apple="class Apple(Fruit): ...\nclass Pear(Fruit): ...")
