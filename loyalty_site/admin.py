"""How is the back office laid out, and who logs in to it?"""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User

from loyalty_site.lib.admin import AdminPasswordChangeForm, ModelAdmin, UserChangeForm, UserCreationForm

admin.site.app_order = ("programs", "members", "partners", "transactions", "auth")

# Registered anew: Django's own admins of them would have inputs without borders.
admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class StaffAdmin(UserAdmin, ModelAdmin):
    icon, place = "shield_person", 1
    form, add_form, change_password_form = UserChangeForm, UserCreationForm, AdminPasswordChangeForm
    list_display = ["username", "email", "first_name", "last_name", "is_staff", "is_active", "last_login"]


@admin.register(Group)
class StaffGroupAdmin(GroupAdmin, ModelAdmin):
    icon, place = "groups", 2
