"""How much of each cap is used?"""

from django.contrib import admin
from django.db.models import Model

from loyalty_site.lib.admin import FactAdmin, RelatedDropdownFilter, StaffRequest, display
from loyalty_site.lib.panels import Panel, Tile, Tiles, link
from members.models import Member
from partners.models import Store
from programs.admin.cap_use import in_units
from programs.admin.caps import most, quantity
from programs.models import Cap, Program
from transactions.models import CapCounter

#: Of which model the key of a counter is, by the scope of its cap.
_OWNERS: dict[str, type[Model]] = {Cap.Scope.MEMBER: Member, Cap.Scope.STORE: Store}


@admin.register(CapCounter)
class CapCounterAdmin(FactAdmin):
    """How much of each cap is used, in each period."""

    icon, place = "data_usage", 8
    list_display = ["cap", "program", "whose", "period", "used_up", "limit"]
    list_filter = [["cap", RelatedDropdownFilter]]
    list_select_related = ["cap__program", "cap__currency"]
    search_fields = ["cap__name", "cap__code__startswith"]
    sortable_by = ()
    ordering = ["-pk"]
    fields = [("cap", "program"), "period", ("used_up", "limit")]

    @display(description="program")
    def program(self, counter: CapCounter) -> Program:
        return counter.cap.program

    @display(description="whose")
    def whose(self, counter: CapCounter) -> str:
        return "one" if counter.key else "all"

    def panels(self, request: StaffRequest, counter: CapCounter) -> list[Panel]:
        """Whose it is: read for one page only, because a list would ask for each row."""
        model = _OWNERS.get(counter.cap.scope)
        whose = model._default_manager.filter(pk=counter.key).first() if model else None
        notes = [f"of at most {most(counter.cap)}"]
        used = in_units(counter.cap, counter.used)
        share = min(100, used * 100 // counter.cap.limit)
        tiles = [Tile("Used", quantity(counter.cap, used), notes=notes, share=share)]
        return [Tiles([*tiles, *([Tile("Whose", link(request, whose))] if whose else [])])]

    @display(description="used")
    def used_up(self, counter: CapCounter) -> str:
        return quantity(counter.cap, in_units(counter.cap, counter.used))

    @display(description="of at most")
    def limit(self, counter: CapCounter) -> str:
        return most(counter.cap)
