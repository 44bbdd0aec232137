from partners.admin import connections, endpoints, keys, partners

__all__ = ["connections", "endpoints", "keys", "partners"]
