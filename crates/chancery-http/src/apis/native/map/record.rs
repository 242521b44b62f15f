//! Certificate records between this API's words and the engine's. Pure.

use chancery_app::{Record, RecordSigning};
use chancery_core::x509::pem;

use crate::apis::native::wire;

/// A record as one of a list.
pub(in crate::apis::native) fn record(record: &Record) -> wire::Record {
    wire::Record {
        name: record.name.clone(),
        attributes: record.attributes.iter().cloned().collect(),
        key: record.key.map(|key| key.word()),
        certificate: record.certificate.map(|id| id.to_string()),
        saved: record.saved,
        running: record.running,
        csr: None,
        pem: None,
    }
}

/// A record with its request and its certificate.
pub(in crate::apis::native) fn whole_record(shown: &Record) -> wire::Record {
    let encoded = |label, der: &Option<Vec<u8>>| der.as_ref().map(|der| pem::encode(label, der));
    wire::Record {
        csr: encoded("CERTIFICATE REQUEST", &shown.csr),
        pem: encoded("CERTIFICATE", &shown.der),
        ..record(shown)
    }
}

/// How to sign a record's request.
pub(in crate::apis::native) fn signing(body: wire::SignRecord) -> RecordSigning {
    RecordSigning {
        profile: body.profile,
        authority: body.authority,
        days: body.days,
        name: body.name,
    }
}
