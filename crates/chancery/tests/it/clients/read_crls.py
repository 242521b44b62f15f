"""Reads CRLs with Python's cryptography, and has pkilint judge them.

usage: read_crls.py ISSUER CRL...

ISSUER is the certificate of who signed them all, CRLs are DER. Prints a JSON list with what each says: its number, the
base of a delta, the address of its issuing distribution point, those of its delta, its entries with their reasons, whether
the signature is good, and what pkilint finds from NOTICE up.
"""

import contextlib
import io
import json
import sys

from cryptography import x509
from pkilint.bin import lint_crl


def extension(crl, kind):
    try:
        return crl.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def addresses(points):
    return [name.value for point in points for name in point.full_name]


def reason(entry):
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return None


def findings(path):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        options = ["--type", "CRL", "--profile", "PKIX", "--severity", "NOTICE", "--format", "JSON"]
        lint_crl.main(["lint", *options, path])
    return [
        f"{result['node_path']}: {finding['code']}: {finding['message']}"
        for result in json.loads(printed.getvalue())["results"]
        for finding in result["finding_descriptions"]
    ]


def read(path, issuer):
    with open(path, "rb") as file:
        crl = x509.load_der_x509_crl(file.read())
    base = extension(crl, x509.DeltaCRLIndicator)
    point = extension(crl, x509.IssuingDistributionPoint)
    freshest = extension(crl, x509.FreshestCRL)
    assert base is None or base.critical
    assert point is None or point.critical
    assert freshest is None or not freshest.critical
    key = extension(crl, x509.AuthorityKeyIdentifier).value.key_identifier
    subject_key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert key == subject_key
    assert crl.issuer == issuer.subject
    assert crl.last_update_utc < crl.next_update_utc
    return {
        "number": extension(crl, x509.CRLNumber).value.crl_number,
        "base": base and base.value.crl_number,
        "point": addresses([point.value]) if point else [],
        "freshest": addresses(freshest.value) if freshest else [],
        "entries": {f"{entry.serial_number:X}": reason(entry) for entry in crl},
        "signed": crl.is_signature_valid(issuer.public_key()),
        "findings": findings(path),
    }


def main():
    with open(sys.argv[1], "rb") as file:
        issuer = x509.load_pem_x509_certificate(file.read())
    print(json.dumps([read(path, issuer) for path in sys.argv[2:]]))


main()
