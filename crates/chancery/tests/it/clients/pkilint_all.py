"""Runs pkilint's own command lines over many files in one process, because starting it takes longer than linting.

usage: pkilint_all.py TASKS

TASKS holds one task a line, tab-separated: a linter (certificate, crl, ocsp, chain), a label, then its file (chain: the
issuer's and the subject's). Prints a JSON list of all findings from NOTICE up. What pkilint cannot read ends the run.
"""

import contextlib
import io
import json
import sys

from pkilint.bin import lint_crl, lint_ocsp_response, lint_pkix_cert, lint_pkix_signer_signee_cert_chain

LINTERS = {
    "certificate": (lint_pkix_cert.main, []),
    "crl": (lint_crl.main, ["--type", "CRL", "--profile", "PKIX"]),
    "ocsp": (lint_ocsp_response.main, []),
    "chain": (lint_pkix_signer_signee_cert_chain.main, []),
}


def findings(linter, label, files):
    main, options = LINTERS[linter]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        main(["lint", *options, "--severity", "NOTICE", "--format", "JSON", *files])
    for result in json.loads(printed.getvalue())["results"]:
        for finding in result["finding_descriptions"]:
            yield {
                "label": label,
                "severity": finding["severity"],
                "code": finding["code"],
                "message": finding["message"] or "",
                "where": result["node_path"],
            }


def main():
    found = []
    with open(sys.argv[1], encoding="utf-8") as tasks:
        for line in tasks:
            linter, label, *files = line.rstrip("\n").split("\t")
            found.extend(findings(linter, label, files))
    print(json.dumps(found))


main()
