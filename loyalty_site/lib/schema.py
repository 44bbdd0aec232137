"""How does drf-spectacular draw an endpoint that draws its own values? Named in the settings."""

from drf_spectacular.openapi import AutoSchema


class Schema(AutoSchema):
    """Takes what our endpoints draw as it is; a list that is drawn whole needs no list around it."""

    def _is_list_view(self, serializer=AutoSchema):
        # Asked with None for an answer that is drawn, and with nothing for parameters of filters and pages.
        return serializer is not None and super()._is_list_view(None if serializer is AutoSchema else serializer)
