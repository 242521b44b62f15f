"""Asks Python cryptography's verifier, which follows the web's rules, what TLS would say of certificates.

usage: verify_tls.py ROOT ISSUING NAME FILE...

Prints a JSON list with one object a file: the verdict on it as the certificate of the server NAME, and as a client's.
A verdict is null if it is good, else the complaint.
"""

import json
import sys

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError


def load(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


def verdict(verifier, certificate, issuing):
    try:
        verifier.verify(certificate, [issuing])
    except VerificationError as error:
        return str(error)
    return None


def main():
    root, issuing, name, *files = sys.argv[1:]
    policy = PolicyBuilder().store(Store([load(root)]))
    server = policy.build_server_verifier(x509.DNSName(name))
    client = policy.build_client_verifier()
    verdicts = []
    for file in files:
        certificate = load(file)
        verdicts.append(
            {
                "server": verdict(server, certificate, load(issuing)),
                "client": verdict(client, certificate, load(issuing)),
            }
        )
    print(json.dumps(verdicts))


main()
