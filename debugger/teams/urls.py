"""The addresses of this room: people's teams, and the pages of one team."""

from __future__ import annotations

from django.urls import include, path

from debugger.teams.views import invite, members, mine, settings

app_name = "teams"
_team = [
    path("members/", members.members, name="members"),
    path("members/invite", invite.invite, name="invite"),
    path("members/<int:number>/", members.person, name="person"),
    path("members/<int:number>/role", members.role, name="role"),
    path("members/<int:number>/remove", members.remove, name="remove"),
    path("invitations/<int:number>/resend", invite.resend, name="resend"),
    path("invitations/<int:number>/revoke", invite.revoke, name="revoke"),
    path("settings/", settings.settings, name="settings"),
    path("settings/slug", settings.slug, name="slug"),
    path("settings/delete", settings.delete, name="delete"),
    path("leave", settings.leave, name="leave"),
]
urlpatterns = [
    path("teams/", mine.mine, name="mine"),
    path("teams/new", mine.new, name="new"),
    path("invite/", invite.waiting, name="waiting"),
    path("invite/<str:token>", invite.accept, name="accept"),
    path("t/<slug:slug>/", include(_team)),
]
