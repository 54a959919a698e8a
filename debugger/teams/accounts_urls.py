"""The addresses of accounts: ours first, where allauth has one of the same name."""

from __future__ import annotations

from django.urls import include, path

from debugger.teams import accounts_factors, accounts_views

urlpatterns = [
    path("", accounts_views.overview, name="account_overview"),
    path("password/check/", accounts_views.password_check, name="account_password_check"),
    path("sessions/<int:number>/end/", accounts_views.end_session, name="account_end_session"),
    path("oidc/<slug:provider_id>/login/", accounts_views.sign_on),
    path("oidc/<slug:provider_id>/login/callback/", accounts_views.signed_on),
    path("2fa/totp/activate/", accounts_factors.new_app),
    path("2fa/recovery-codes/generate/", accounts_factors.new_codes),
    path("2fa/webauthn/add/", accounts_factors.new_passkey),
    path("", include("allauth.urls")),
]
