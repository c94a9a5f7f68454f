"""The addresses of sign-in, below ``/desk/account/``. allauth's names, and of its pages only those the house uses: no
sign-up, no password by mail, no e-mail addresses, no recovery codes (a lost phone is the administrator's affair).
"""

from allauth.account import views as account
from allauth.mfa.base import views as factor
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkey
from django.urls import path

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/", account.password_change, name="account_change_password"),
    path("factors/", factor.index, name="mfa_index"),
    path("factors/authenticate/", factor.authenticate, name="mfa_authenticate"),
    path("factors/reauthenticate/", factor.reauthenticate, name="mfa_reauthenticate"),
    path("factors/totp/activate/", totp.activate_totp, name="mfa_activate_totp"),
    path("factors/totp/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("factors/passkeys/", passkey.list_webauthn, name="mfa_list_webauthn"),
    path("factors/passkeys/add/", passkey.add_webauthn, name="mfa_add_webauthn"),
    path("factors/passkeys/reauthenticate/", passkey.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("factors/passkeys/login/", passkey.login_webauthn, name="mfa_login_webauthn"),
    path("factors/passkeys/<int:pk>/remove/", passkey.remove_webauthn, name="mfa_remove_webauthn"),
    path("factors/passkeys/<int:pk>/edit/", passkey.edit_webauthn, name="mfa_edit_webauthn"),
]
