"""Django's sessions in the database, read by a statement that is written once: every page begins with it."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.db.models.functions import Now

from madoguchi.events.composing import composed_once


class SessionStore(db.SessionStore):
    """The same table and the same rules; named by SESSION_ENGINE."""

    def _get_session_from_db(self) -> Session | None:
        found = next(iter(_held(self.session_key or "")), None)
        if found is None:
            self._session_key = None
        return found


@composed_once
def _held(key: str) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=Now())
