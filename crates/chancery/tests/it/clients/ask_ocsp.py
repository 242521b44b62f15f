"""Asks an OCSP responder about one certificate in many ways, and checks each answer and its signature.

usage: ask_ocsp.py URL ISSUER CERTIFICATE

Prints a JSON list with the status and the revocation reason of each answer: for each hash, without a nonce and with
nonces of several lengths, by POST and by GET.
"""

import base64
import json
import sys
import urllib.parse
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp


def load(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


def exchange(url, octets, by_get):
    if by_get:
        encoded = urllib.parse.quote(base64.b64encode(octets), safe="")
        asked = urllib.request.Request(f"{url}/{encoded}")
    else:
        headers = {"Content-Type": "application/ocsp-request"}
        asked = urllib.request.Request(url, data=octets, headers=headers)
    with urllib.request.urlopen(asked) as answer:
        assert answer.headers["Content-Type"] == "application/ocsp-response"
        return ocsp.load_der_ocsp_response(answer.read())


def check(answer, request, nonce, issuer):
    assert answer.response_status == ocsp.OCSPResponseStatus.SUCCESSFUL
    assert answer.serial_number == request.serial_number
    assert answer.issuer_key_hash == request.issuer_key_hash
    assert answer.this_update_utc < answer.next_update_utc
    (signer,) = answer.certificates
    signer.verify_directly_issued_by(issuer)
    signer.extensions.get_extension_for_class(x509.OCSPNoCheck)
    signer.public_key().verify(
        answer.signature, answer.tbs_response_bytes, ec.ECDSA(answer.signature_hash_algorithm)
    )
    if nonce:
        told = answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
        assert told == nonce
    else:
        assert len(answer.extensions) == 0


def main():
    url, issuer, certificate = sys.argv[1], load(sys.argv[2]), load(sys.argv[3])
    told = []
    for hash_type in (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512):
        for length in (0, 16, 32, 128):
            nonce = b"\x07" * length
            builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hash_type())
            if nonce:
                builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
            request = builder.build()
            octets = request.public_bytes(Encoding.DER)
            for by_get in (False, True):
                answer = exchange(url, octets, by_get)
                check(answer, request, nonce, issuer)
                reason = answer.revocation_reason
                told.append([answer.certificate_status.name, reason and reason.value])
    print(json.dumps(told))


main()
