"""How is read what documents said in former times? They are kept under version control, and imported again."""

from collections.abc import Mapping

from loyalty_site.lib.json_types import ExactJson

#: What a ladder counted, before there were models: its `window`, which by now is a number of months or days.
MODELS = {"lifetime": "lifetime", "year": "calendar"}


def today(group: Mapping[str, ExactJson]) -> dict[str, ExactJson]:
    """A ladder in the words of today."""
    spec = dict(group)
    window = spec.get("window")
    if isinstance(window, str) and window in MODELS and "model" not in spec:
        del spec["window"]
        spec["model"] = MODELS[window]
    return spec
