"""A Kakao login per user in Django's database. The store makes transactions of its own, so with
ATOMIC_REQUESTS decorate the views that use it with @transaction.non_atomic_requests."""

from contextlib import contextmanager
from threading import get_ident

from django.db import Error, models, transaction

from kakao_session import TokenStoreError
from kakao_session.stores.base import to_text, to_token


class KakaoLogin(models.Model):
    user = models.CharField(primary_key=True, max_length=255)
    token = models.TextField(blank=True)  # empty: not logged in


class DjangoTokenStore:
    def __init__(self, user):
        self.user, self._locked_by = str(user), None

    def load(self):
        with self._errors("load"):
            login = KakaoLogin.objects.filter(pk=self.user).first()
            return to_token(login.token) if login and login.token else None

    def save(self, token):
        with self._errors("save"):
            KakaoLogin(self.user, "" if token is None else to_text(token, ascii_only=True)).save()
            if not transaction.get_autocommit():
                transaction.commit()  # at once, so no crash loses the token. This ends the lock.

    def delete(self):
        self.save(None)

    @contextmanager
    def lock(self):
        if self._locked_by == get_ident():
            yield
            return
        if not transaction.get_autocommit():
            raise TokenStoreError(f"Kakao login {self.user}: this thread is in a transaction.")
        transaction.set_autocommit(False)
        try:
            with self._errors("lock"):
                KakaoLogin.objects.get_or_create(pk=self.user)
                transaction.commit()  # so that others see the row, and wait
                KakaoLogin.objects.select_for_update().get(pk=self.user)
            self._locked_by = get_ident()
            yield
        finally:
            self._locked_by = None
            transaction.rollback()
            transaction.set_autocommit(True)

    @contextmanager
    def _errors(self, verb):
        try:
            yield
        except (Error, ValueError) as error:
            raise TokenStoreError(f"Kakao login {self.user}: could not {verb}") from error
