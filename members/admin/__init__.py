from members.admin import consents, customers, holdings, members, relations

__all__ = ["consents", "customers", "holdings", "members", "relations"]
