"""How staff sign in: by passkey, or by password and TOTP. django-allauth does the work; here is what the house demands.

Nobody signs up, nothing is mailed, no account goes anywhere without a second factor (``gate``), every sign-in, refusal
and change of a factor is an event (``adapter``). Pages: ``desk/templates/account`` and ``desk/templates/mfa``.
"""
