"""Stock OpenStack clients against the Keystone API: keystoneauth1, and python-keystoneclient where it still speaks v2.0.

usage: keystone_v2.py SCENARIO URL CA PASSWORD

The user is joe (id 3002) of the tenant 1001. Prints what the clients saw as a JSON object; judges nothing.
"""

import datetime
import json
import sys
import urllib.parse
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import generic, v2
from keystoneclient.v2_0 import client as keystoneclient

SCENARIO, URL, CA, PASSWORD = sys.argv[1:]
AUTH_URL = f"{URL}/v2.0"
# The extension is found through the catalog, never by an address that the test knows.
IDENTITY = {"endpoint_filter": {"service_type": "identity"}}
CERTIFICATES = "/HP-IDM/v1.0/certificates"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def session_of(plugin):
    return session.Session(auth=plugin, verify=CA)


def password(**scope):
    return v2.Password(AUTH_URL, username="joe", password=PASSWORD, **scope)


def refusal(call, *arguments, **named):
    """The exception by which the client tells its program that it was refused; null if it was not."""
    try:
        call(*arguments, **named)
    except exceptions.ClientException as error:
        return type(error).__name__
    return None


def access_of(plugin):
    access = plugin.get_access(session_of(plugin))
    return {
        "user_id": access.user_id,
        "username": access.username,
        "roles": access.role_names,
        "tenant": access.tenant_id,
        "minutes": round((access.expires - now()).total_seconds() / 60),
        "token": access.auth_token,
        "identity": session_of(plugin).get_endpoint(service_type="identity"),
    }


def log_in():
    """By name, by id, for a tenant, again with a token, by the plugin that discovers versions; and in vain."""
    unscoped = password()
    token = unscoped.get_token(session_of(unscoped))
    return {
        "by name": access_of(unscoped),
        "by id": access_of(v2.Password(AUTH_URL, user_id="3002", password=PASSWORD)),
        "for a tenant": access_of(password(tenant_id="1001")),
        "for a tenant's name": access_of(password(tenant_name="1001")),
        "with a token": access_of(v2.Token(AUTH_URL, token, tenant_id="1001")),
        "by discovery": access_of(
            generic.Password(AUTH_URL, username="joe", password=PASSWORD, tenant_id="1001")
        ),
        "wrong password": refusal(
            access_of, v2.Password(AUTH_URL, username="joe", password="wrong")
        ),
        "foreign tenant": refusal(access_of, password(tenant_id="default")),
        "wrong token": refusal(access_of, v2.Token(AUTH_URL, "HPAuth_" + "0" * 24)),
        "tenants": session_of(unscoped).get("/tenants", **IDENTITY).json()["tenants"],
    }


def path_of(certificate):
    issuer = urllib.parse.quote(certificate["issuerName"], safe="")
    return f"{CERTIFICATES}/{issuer}/{certificate['serialNumber']}"


def certificates():
    """A certificate from its making to its end, and one that was made elsewhere."""
    joe = session_of(password(tenant_id="1001"))

    def call(method, path, **more):
        return joe.request(path, method, **IDENTITY, **more)

    def listed(**query):
        answer = call("GET", CERTIFICATES, params=query).json()["certificates"]
        return [certificate["subject"] for certificate in answer["certificate"]]

    saw = {"at first": listed()}
    wanted = {"userId": "3002", "domainId": "1001", "subject": "CN=Joe Test, O=HP/Cloud"}
    answer = call("POST", CERTIFICATES, json={"certificate": wanted})
    made = answer.json()["certificate"]
    saw["created"] = {"status": answer.status_code, "certificate": made}
    saw["key fits"] = key_fits(made)
    saw["listed"] = listed()
    shown = call("GET", path_of(made), params={"export": "true"}).json()["certificate"]
    saw["exported"] = shown["certificateFile"]["data"].strip()
    saw["key exported"] = shown["privateKeyFile"]
    for status in ["inactive", "active", "revoked"]:
        body = {"certificate": {"status": status}}
        saw[status] = call("PUT", path_of(made), json=body).json()["certificate"]["status"]
    saw["by status"] = listed(status="revoked")
    saw["back from revoked"] = refusal(
        call, "PUT", path_of(made), json={"certificate": {"status": "active"}}
    )
    saw["deleted"] = call("DELETE", path_of(made)).status_code
    saw["gone"] = refusal(call, "GET", path_of(made))

    one = {"userId": "3002", "domainId": "1001", "status": "active"}
    one["certificateFile"] = {"format": "BASE64_DER", "data": made_elsewhere()}
    brought = call("PUT", CERTIFICATES, json={"certificates": {"certificate": [one]}})
    saw["imported"] = brought.json()["certificates"]["certificate"][0]["subject"]
    saw["in the end"] = listed()
    xml = call("GET", CERTIFICATES, headers={"Accept": "application/xml"})
    saw["xml"] = {"type": xml.headers["Content-Type"], "text": xml.text}
    saw["not ours"] = refusal(
        call, "POST", CERTIFICATES, json={"certificate": {"userId": "admin", "subject": "CN=a"}}
    )
    return saw


def key_fits(made):
    certificate = x509.load_pem_x509_certificate(made["certificateFile"]["data"].encode())
    key = made["privateKeyFile"]["data"].encode()
    key = serialization.load_pem_private_key(key, password=None)
    return key.public_key() == certificate.public_key()


def made_elsewhere():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Elsewhere")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now())
    builder = builder.not_valid_after(now() + datetime.timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def tokens():
    """A token that was taken back: the session gets another by itself, and sends its request again."""
    plugin = password(tenant_id="1001")
    joe = session_of(plugin)
    first = joe.get_token()
    checked = joe.head(f"/tokens/{first}", **IDENTITY).status_code
    taken_back = joe.delete(f"/HP-IDM/v1.0/tokens/{first}", **IDENTITY).status_code
    after = joe.get(CERTIFICATES, **IDENTITY).status_code
    bare = v2.Token(AUTH_URL, first, tenant_id="1001")
    return {
        "checked": checked,
        "taken back": taken_back,
        "after": after,
        "is another": joe.get_token() != first,
        "first again": refusal(access_of, bare),
    }


def old_client():
    """python-keystoneclient, whose v2.0 part is deprecated and still shipped."""
    warnings.simplefilter("ignore")
    joe = keystoneclient.Client(session=session_of(password(tenant_id="1001")))
    # On its own, without a session, as old programs use it.
    alone = keystoneclient.Client(
        username="joe", password=PASSWORD, tenant_name="1001", auth_url=AUTH_URL, cacert=CA
    )
    token = alone.auth_token
    validated = joe.tokens.validate(token)
    again = joe.tokens.authenticate(token=token, tenant_id="1001")
    found = {
        "tenants": [[tenant.id, tenant.name, tenant.enabled] for tenant in joe.tenants.list()],
        "extensions": [extension.alias for extension in joe.extensions.list()],
        "user": [alone.user_id, alone.username, alone.tenant_id],
        "validated": [validated.tenant["id"], validated.user["id"]],
        "rescoped": again.tenant["id"],
        "endpoint": alone.service_catalog.url_for(service_type="identity"),
    }
    joe.tokens.delete(token)
    found["deleted"] = refusal(joe.tokens.validate, token)
    return found


SCENARIOS = {
    "log_in": log_in,
    "certificates": certificates,
    "tokens": tokens,
    "old_client": old_client,
}
print(json.dumps(SCENARIOS[SCENARIO]()))
