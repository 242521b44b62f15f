"""Generic clients of Tastypie against FortiAuthenticator's API: slumber and drest, as they come.

usage: tastypie_clients.py CLIENT URL CA USER API_KEY CSR

There are certificates named joe and ann (CN=joe, CN=ann) and a CSR for CN=joe. Prints what the client saw as a JSON object;
judges nothing.
"""

import json
import os
import sys

CLIENT, URL, CA, USER, KEY, CSR = sys.argv[1:]
BASE = f"{URL}/api/v1/"
HOLD = {"status": "revoked", "revocation_reason": "Certificate Hold"}
# httplib2, under drest, has no other way of being told.
os.environ["HTTPLIB2_CA_CERTS"] = CA

import drest
import requests
import slumber


def slumber_of(key):
    session = requests.Session()
    session.verify = CA
    # Else the environment's proxies and authorities win.
    session.trust_env = False
    return slumber.API(BASE, auth=(USER, key), session=session)


def by_slumber():
    api = slumber_of(KEY)
    joe = api.usercerts.get(subject__icontains="CN=JOE")
    number = joe["objects"][0]["id"]
    held = api.usercerts(number).patch(HOLD)
    released = api.usercerts(number).patch({"status": "active"})
    with open(CSR, "rb") as csr:
        form = {"cert_id": "joe", "expiry": 30, "revoke_old": "true"}
        renewed = api.usercerts.renew.post(data=form, files={"csr": csr})
    refusals = {}
    for what, call in {
        "released": lambda: api.usercerts(number).patch({"status": "active"}),
        "unknown": lambda: api.usercerts(999999).get(),
        "deleted": lambda: api.usercerts(number).delete(),
        "filter": lambda: api.usercerts.get(status="Active"),
        "key": lambda: slumber_of("wrong").usercerts.get(),
    }.items():
        try:
            call()
        except slumber.exceptions.SlumberHttpBaseException as error:
            refusals[what] = [error.response.status_code, error.content.decode()]
    return {
        "total": joe["meta"]["total_count"],
        "subject": joe["objects"][0]["subject"],
        "page": len(api.usercerts.get(limit=1, offset=1)["objects"]),
        "held": [held["status"], held["revocation_reason"]],
        "released": [released["status"], released["revocation_reason"]],
        "renewed": renewed,
        "shown": api.usercerts(number).get()["revocation_reason"],
        "pem": sorted(one["cert_id"] for one in api.usercerts.pem.get()["objects"]),
        "fields": sorted(api.usercerts.schema.get()["fields"]),
        "refused": refusals,
    }


def refusal_of(call):
    try:
        call()
    except drest.exc.dRestRequestError as error:
        return error.response.status
    return None


def by_drest():
    # It finds the resources in the directory, before it has credentials, and waits to be challenged for them.
    api = drest.api.TastyPieAPI(BASE, auth_mech="basic")
    api.auth(USER, KEY)
    found = api.usercerts.get(params={"subject__exact": "/CN=ann"}).data
    number = found["objects"][0]["id"]
    held = api.usercerts.patch(number, HOLD)
    released = api.usercerts.patch(number, {"status": "active"})
    stranger = drest.api.TastyPieAPI(BASE, auth_mech="basic")
    stranger.auth(USER, "wrong")
    return {
        "directory": sorted(api.resources),
        "total": found["meta"]["total_count"],
        "subject": api.usercerts.get(number).data["subject"],
        "held": [held.status, held.data["status"], held.data["revocation_reason"]],
        "released": [released.status, released.data["status"]],
        "fields": sorted(api.usercerts.schema["fields"]),
        "refused": {
            "released": refusal_of(lambda: api.usercerts.patch(number, {"status": "active"})),
            "unknown": refusal_of(lambda: api.usercerts.get(999999)),
            "deleted": refusal_of(lambda: api.usercerts.delete(number)),
            "created": refusal_of(lambda: api.usercerts.post({"cert_id": "x"})),
            "key": refusal_of(lambda: stranger.usercerts.get()),
        },
    }


print(json.dumps({"slumber": by_slumber, "drest": by_drest}[CLIENT]()))
