"""How does drf-spectacular draw an endpoint that draws its own values? Named in the settings."""

from enum import Enum, auto

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import _SerializerType


class _Given(Enum):
    """Stands for an argument that is left out, where None means something."""

    NOTHING = auto()


class Schema(AutoSchema):
    """Takes what our endpoints draw as it is; a list that is drawn whole needs no list around it."""

    def _is_list_view(self, serializer: _SerializerType | _Given | None = _Given.NOTHING) -> bool:
        # Asked with None for an answer that is drawn, and with nothing for parameters of filters and pages.
        if isinstance(serializer, _Given):
            return super()._is_list_view()
        return serializer is not None and super()._is_list_view(serializer)
