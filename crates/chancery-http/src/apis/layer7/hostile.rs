//! For fuzzing: octets read as every body, query and path of this API, as far as neither caller nor store are needed.

use chancery_core::identity::UserId;

use super::extract::Query;
use super::map::{key, listing, user};
use super::wire::certificate::{AskedCertificate, certificate_data};
use super::wire::key::{AskedExport, AskedImport};
use super::wire::provider::{AskedProvider, Provider};
use super::wire::read;
use super::wire::trusted::{AskedTrusted, Trusted};
use super::wire::user::AskedUser;

pub(crate) fn read_everything(octets: &[u8]) {
    let _ = (read::<AskedImport>(octets), read::<AskedExport>(octets));
    if let (Ok(asked), Ok(id)) = (read::<AskedUser>(octets), UserId::parse("1")) {
        let _ = user::new(id, asked);
    }
    if let Ok(asked) = read::<AskedCertificate>(octets) {
        let written = super::layout::document(certificate_data(&asked.der));
        assert_eq!(read(written.as_bytes()), Ok(asked));
    }
    providers_read_back(octets);
    trusted_certificates_read_back(octets);
    for format in [None, Some("plain")] {
        let _ = user::password(format, octets);
    }
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    let _ = (key::alias(text), key::general_name(text));
    let Ok(query) = Query::read(text) else {
        return;
    };
    let _ = (listing::users(&query), listing::providers(&query));
    let _ = (listing::trusted(&query), listing::groups(&query));
    let _ = (listing::keys(&query), key::subject(&query, "subjectDN"));
}

fn providers_read_back(octets: &[u8]) {
    let Ok(asked) = read::<AskedProvider>(octets) else {
        return;
    };
    let version = asked.version.unwrap_or_default();
    let written = Provider {
        id: "1",
        version,
        name: &asked.name,
        kind: &asked.kind,
        properties: &asked.properties,
        certificates: &asked.certificates,
    };
    let written = super::layout::document(written.node());
    let version = Some(version);
    assert_eq!(
        read(written.as_bytes()),
        Ok(AskedProvider { version, ..asked })
    );
}

fn trusted_certificates_read_back(octets: &[u8]) {
    let Ok(asked) = read::<AskedTrusted>(octets) else {
        return;
    };
    let version = asked.version.unwrap_or_default();
    let written = Trusted {
        id: "1",
        version,
        name: &asked.name,
        der: &asked.der,
        properties: &asked.properties,
    };
    let written = super::layout::document(written.node());
    let version = Some(version);
    assert_eq!(
        read(written.as_bytes()),
        Ok(AskedTrusted { version, ..asked })
    );
}
