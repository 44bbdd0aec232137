"""Which mappings come along for the exports of other systems? A folder of them for each kind of import."""

from pathlib import Path

_FOLDER = Path(__file__).parent.parent / "mappings"


class ReadyMappings:
    """Those of one kind of import, each by the name of the system that writes the file."""

    def __init__(self, kind: str) -> None:
        """`kind` is the name of the folder."""
        self._folder = _FOLDER / kind

    def names(self) -> list[str]:
        """The systems, in the order of the alphabet."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def path_of(self, text: str) -> Path:
        """The file of the mapping that is called so, else the file that `text` names."""
        return self._folder / f"{text}.json" if text in self.names() else Path(text)


TRANSACTIONS, MEMBERS = ReadyMappings("transactions"), ReadyMappings("members")
