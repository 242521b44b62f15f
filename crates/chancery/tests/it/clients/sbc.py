"""Clients of the Oracle SBC's REST API as scripts write them, with `requests`.

usage: sbc.py SCENARIO URL CA USER PASSWORD

Prints what the client saw as a JSON object; judges nothing.
"""

import base64
import json
import sys
import time
import xml.etree.ElementTree as ET

import requests

SCENARIO, URL, CA, USER, PASSWORD = sys.argv[1:]
BASE = f"{URL}/rest/v1.1"


class Strict:
    """One dictionary of headers whose Authorization is overwritten; bodies without a Content-Type; only exact statuses count;
    links are followed as they are."""

    def __init__(self):
        self.http = requests.Session()
        self.http.verify = CA
        # Else the environment's own bundle goes before ours.
        self.http.trust_env = False
        self.headers = {"Accept": "application/xml"}
        secret = base64.encodebytes(f"{USER}:{PASSWORD}".encode()).strip().decode()
        self.headers["Authorization"] = "Basic " + secret.replace("\n", "")
        answer = self.http.post(f"{BASE}/auth/token", headers=self.headers, timeout=10)
        assert answer.status_code == 200, answer.text
        self.headers["Authorization"] = "Bearer " + self.tree(answer).find(".//accessToken").text

    @staticmethod
    def tree(answer):
        return ET.fromstring(answer.text.encode())

    def call(self, method, path, body=None):
        url = path if path.startswith("https://") else f"{BASE}{path}"
        # A str body goes out without a Content-Type.
        return self.http.request(method, url, headers=self.headers, data=body, timeout=10)

    def done(self, method, action):
        """Waits until an operation has succeeded, at most 15 seconds."""
        accepted = self.call(method, f"/configuration/management?action={action}")
        link = self.tree(accepted).find("./links/link").text
        end = time.monotonic() + 15
        while time.monotonic() < end:
            state = self.call("GET", link)
            operation = self.tree(state).find("./data/operationState")
            if state.status_code == 200 and operation.find("status").text == "success":
                return [accepted.status_code, operation.find("operation").text]
            time.sleep(0.2)
        raise TimeoutError(action)


def element(name, **attributes):
    inside = "".join(
        f"<attribute><name>{key.replace('_', '-')}</name><value>{value}</value></attribute>"
        for key, value in {"name": name, **attributes}.items()
    )
    return f"<configElement><elementType>certificate-record</elementType>{inside}</configElement>"


def first_half():
    """Makes a record, generates its request, saves and activates."""
    client = Strict()
    saw = {"role": client.tree(client.call("GET", "/system/status")).find(".//role").text}
    tree = client.tree(client.call("GET", f"{URL}/rest/api/supportedversions"))
    saw["versions"] = [it.text for it in tree.findall(".//version")] + [tree.find(".//latestVersion").text]
    metadata = client.call("GET", "/configuration/elementTypes/metadata?elementType=certificate-record")
    saw["keys"] = [
        it.find("name").text
        for it in client.tree(metadata).findall("./data/attributeMetadata")
        if it.find("key").text == "true"
    ]
    saw["lock"] = client.call("POST", "/configuration/lock").status_code
    saw["add"] = client.call("POST", "/configuration/configElements", element("py", common_name="py.example")).status_code
    saw["put"] = client.call("PUT", "/configuration/configElements", element("py", unit="Voice")).status_code
    request = client.call("PUT", "/configuration/certificates/generateRequest?recordName=py")
    saw["generate"] = request.status_code
    saw["csr"] = client.tree(request).find(".//certificateSignedRequest").text.strip()
    saw["operations"] = [client.done("PUT", "verify"), client.done("PUT", "save"), client.done("POST", "activate")]
    saw["unlock"] = client.call("POST", "/configuration/unlock").status_code
    return saw


def second_half():
    """Imports the certificate on standard input, first with a false name, and removes the record at the end."""
    client = Strict()
    certificate = sys.stdin.read()
    body = "<ImportCertificate><recordName>{}</recordName><format>x509</format><certificateRequest>{}</certificateRequest></ImportCertificate>"
    path = "/configuration/certificates/import"
    saw = {"without lock": client.call("PUT", path, body.format("py", certificate)).status_code}
    saw["lock"] = client.call("POST", "/configuration/lock").status_code
    refused = client.call("PUT", path, body.format("nobody", certificate))
    saw["no record"] = [refused.status_code, client.tree(refused).find(".//errorMessage").text]
    saw["import"] = client.call("PUT", path, body.format("py", certificate)).status_code
    # As the vendor's sample misspells the header: the body goes out as a form.
    headers = {**client.headers, "Content": "application/xml", "Content-Type": "application/x-www-form-urlencoded"}
    again = requests.put(f"{BASE}{path}", headers=headers, data=body.format("py", certificate), verify=CA, timeout=10)
    saw["again"] = [again.status_code, client.tree(again).find(".//errorMessage").text]
    saw["operations"] = [client.done("PUT", "save"), client.done("POST", "activate")]
    saw["delete"] = client.call("DELETE", "/configuration/configElements?elementType=certificate-record&name=py").status_code
    saw["unlock"] = client.call("POST", "/configuration/unlock").status_code
    running = client.call("GET", "/configuration/configElements?elementType=certificate-record&running=true&name=py")
    saw["running"] = running.status_code
    return saw


print(json.dumps({"first": first_half, "second": second_half}[SCENARIO]()))
