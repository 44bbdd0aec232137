"""Which exports of other platforms can be imported as they are? A mapping of each, by the name of the platform."""

from pathlib import Path

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The platforms, in the order of the alphabet."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def path_of(text: str) -> Path:
    """The file of the mapping that is called so, else the file that `text` names."""
    return _FOLDER / f"{text}.json" if text in names() else Path(text)
