import json
import os
from urllib.parse import urlsplit

import django
from browser import agree
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import include, path

key, secret = os.environ["KAKAO_REST_API_KEY"], os.environ["KAKAO_CLIENT_SECRET"]
settings.configure(
    ALLOWED_HOSTS=["localhost"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        *("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"),
        *("django.contrib.messages", "allauth", "allauth.account", "allauth.socialaccount"),
        "allauth.socialaccount.providers.kakao",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of the cookie",
    SOCIALACCOUNT_PROVIDERS={"kakao": {"APPS": [{"client_id": key, "secret": secret}]}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
)
django.setup()
urlpatterns = [path("accounts/", include("allauth.urls"))]
call_command("migrate", verbosity=0)

browser = Client(headers={"host": urlsplit(os.environ["REDIRECT_URI"]).netloc})
browser.get(agree(browser.post("/accounts/kakao/login/").url))

from allauth.socialaccount.models import SocialAccount  # noqa: E402 - after django.setup()

print(json.dumps({"profile": SocialAccount.objects.get().uid}))
