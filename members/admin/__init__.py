from members.admin import customers, holdings, members

__all__ = ["customers", "holdings", "members"]
