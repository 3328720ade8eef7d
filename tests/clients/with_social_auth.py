import json
import os
from urllib.parse import urlsplit

import django
from browser import agree
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import include, path

settings.configure(
    ALLOWED_HOSTS=["localhost"],
    AUTHENTICATION_BACKENDS=["social_core.backends.kakao.KakaoOAuth2"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        *("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"),
        "social_django",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of the cookie",
    SOCIAL_AUTH_KAKAO_EXTRA_DATA=["refresh_token"],
    SOCIAL_AUTH_KAKAO_KEY=os.environ["KAKAO_REST_API_KEY"],
    SOCIAL_AUTH_KAKAO_SECRET=os.environ["KAKAO_CLIENT_SECRET"],
)
django.setup()
urlpatterns = [path("", include("social_django.urls"))]
call_command("migrate", verbosity=0)

browser = Client(headers={"host": urlsplit(os.environ["REDIRECT_URI"]).netloc})
browser.get(agree(browser.post("/login/kakao/").url))

from social_django.models import UserSocialAuth  # noqa: E402 - after django.setup()
from social_django.utils import load_strategy  # noqa: E402

account = UserSocialAuth.objects.get()
before = account.access_token
account.refresh_token(load_strategy())
print(json.dumps({"profile": account.uid, "refresh": account.access_token != before}))
