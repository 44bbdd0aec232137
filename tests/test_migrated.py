"""What is kept of a migration is used again only for the very same one, and only when it is whole."""

from types import SimpleNamespace

import pytest

from tests.support import migrated


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(migrated, "FOLDER", tmp_path)
    return tmp_path


def test_a_migration_that_changes_has_another_name(db, tmp_path, monkeypatch):
    app = SimpleNamespace(label="shop", path=str(tmp_path))
    monkeypatch.setattr(migrated, "apps", SimpleNamespace(get_app_configs=lambda: [app]))
    (tmp_path / "migrations").mkdir()
    names = [migrated.name(".x"), migrated.name(".x")]
    for file, text in [("0001.py", "a"), ("0001.py", "b"), ("0002.py", "b")]:
        (tmp_path / "migrations" / file).write_text(text)
        names.append(migrated.name(".x"))
    assert names[0] == names[1]
    assert len(set(names)) == 4


def test_the_last_one_replaces_the_others_of_its_kind(folder):
    for name in ("one.a", "one.b", "two.a"):
        migrated.keep(folder / name, lambda draft: draft.write_text("whole"))
    assert {path.name for path in folder.iterdir()} == {"one.b", "two.a"}


def test_what_did_not_get_whole_is_not_kept(folder):
    def fail(draft):
        draft.write_text("half")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        migrated.keep(folder / "one.a", fail)
    assert not list(folder.iterdir())
