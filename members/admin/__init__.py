from members.admin import customers, holdings, members, relations

__all__ = ["customers", "holdings", "members", "relations"]
