"""In which order does the side bar name the apps, and how are logins looked after?"""

from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User

from loyalty_site.lib.admin import AdminPasswordChangeForm, ModelAdmin, UserChangeForm, UserCreationForm, site

site.app_order = ("programs", "members", "partners", "transactions", "auth")

# Django registers these itself, with inputs that have no borders here.
site.unregister([User, Group])


class StaffAdmin(UserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """Who logs in to the back office."""

    icon, place = "shield_person", 1
    form = UserChangeForm  # type: ignore[assignment]
    add_form, change_password_form = UserCreationForm, AdminPasswordChangeForm
    list_display = ["username", "email", "first_name", "last_name", "is_staff", "is_active", "last_login"]


class StaffGroupAdmin(GroupAdmin, ModelAdmin):
    """What they may do: see loyalty_site/staff.py for the groups that are there from the start."""

    icon, place = "groups", 2


site.register(User, StaffAdmin)
site.register(Group, StaffGroupAdmin)
