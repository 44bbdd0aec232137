from partners.models.connections import Connection, make_token
from partners.models.endpoints import WebhookEndpoint
from partners.models.keys import ApiKey, KeptAnswer
from partners.models.partners import Partner, Product, Store

__all__ = [
    "ApiKey",
    "Connection",
    "KeptAnswer",
    "Partner",
    "Product",
    "Store",
    "WebhookEndpoint",
    "make_token",
]
