"""Stock django-tastypie, serving user certificates as FortiAuthenticator's API would if it were nothing but that.

usage: tastypie_reference.py

Reads a JSON object: `objects` (user certificates, as the API tells them) and `requests` (each a method, a path, headers
and a body). Prints the answers as a JSON list of status, headers and body; judges nothing.
"""

import base64
import json
import sys

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    LOGGING_CONFIG=None,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="reference",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, models
from django.test import Client
from django.urls import include, path
from tastypie.api import Api
from tastypie.authentication import BasicAuthentication
from tastypie.authorization import Authorization
from tastypie.resources import ModelResource


class UserCert(models.Model):
    cert_id = models.TextField(unique=True)
    expiry = models.TextField()
    issuer = models.TextField()
    revocation_reason = models.TextField(null=True)
    serial = models.TextField()
    status = models.TextField()
    subject = models.TextField()

    class Meta:
        app_label = "reference"


class UserCertResource(ModelResource):
    class Meta:
        resource_name = "usercerts"
        queryset = UserCert.objects.order_by("id")
        include_resource_uri = False
        list_allowed_methods = ["get"]
        detail_allowed_methods = ["get", "patch"]
        filtering = {"subject": ["exact", "iexact", "contains", "icontains", "in"]}
        ordering = ["id"]
        authentication = BasicAuthentication(realm="FortiAuthenticator")
        authorization = Authorization()


API = Api(api_name="v1")
API.register(UserCertResource())
urlpatterns = [path("api/", include(API.urls))]


def answer(client, asked):
    method, target, headers, body = asked
    authorization = base64.b64encode(b"admin:key").decode()
    meta = {"HTTP_AUTHORIZATION": f"Basic {authorization}"}
    for name, value in headers.items():
        key = "HTTP_" + name.upper().replace("-", "_")
        meta[key] = value.replace("REFERENCE", authorization)
    meta = {name: value for name, value in meta.items() if value}
    # A test server's own name makes Tastypie raise what it would answer.
    meta["SERVER_NAME"] = "localhost"
    made = client.generic(method, target, body, content_type="application/json", **meta)
    return [made.status_code, dict(made.headers), made.content.decode()]


def main():
    asked = json.load(sys.stdin)
    call_command("migrate", run_syncdb=True, verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(UserCert)
    User.objects.create_user("admin", password="key")
    for one in asked["objects"]:
        UserCert.objects.create(**one)
    client = Client(raise_request_exception=False)
    print(json.dumps([answer(client, request) for request in asked["requests"]]))


main()
