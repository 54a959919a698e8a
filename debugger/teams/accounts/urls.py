"""The addresses of accounts: ours first, where allauth has one of the same name."""

from __future__ import annotations

from django.urls import include, path

from debugger.teams.accounts import factors, views

urlpatterns = [
    path("", views.overview, name="account_overview"),
    path("activity", views.recent_activity, name="account_activity"),
    path("password/check/", views.password_check, name="account_password_check"),
    path("sessions/<int:number>/end/", views.end_session, name="account_end_session"),
    path("oidc/<slug:provider_id>/login/", views.sign_on),
    path("oidc/<slug:provider_id>/login/callback/", views.signed_on),
    path("2fa/totp/activate/", factors.new_app),
    path("2fa/recovery-codes/generate/", factors.new_codes),
    path("2fa/webauthn/add/", factors.new_passkey),
    path("", include("allauth.urls")),
]
