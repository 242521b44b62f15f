//! For fuzzing: octets read as every body, query and path of this API, as far as neither caller nor store are needed.

use bytes::Bytes;
use chancery_core::time::Time;

use super::extract;
use super::map::schema::Resource;
use super::map::{listing, renewal, wanted};
use super::wire::Change;
use crate::kit::multipart::Form;
use crate::kit::query::Query;

pub(crate) fn read_everything(octets: &[u8]) {
    if let Ok(change) = Change::read(octets) {
        let _ = wanted(&change);
    }
    let boundaries = ["X", "----------------------------0123456789abcdef"];
    for boundary in boundaries {
        let content_type = format!("multipart/form-data; boundary={boundary}");
        if let Ok(form) = Form::read(&content_type, Bytes::copy_from_slice(octets)) {
            let _ = renewal::renewal(&form);
        }
    }
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    let _ = Form::read(text, Bytes::new());
    let _ = extract::number(text);
    let Ok(query) = Query::read(text) else {
        return;
    };
    let now = Time::from_unix(1_700_000_000);
    if let Ok(page) = listing::listing(&query, Resource::UserCerts, now) {
        let meta = page.meta("/", &query, u64::MAX);
        for address in [meta.next, meta.previous].into_iter().flatten() {
            // The way to another page is one that this server reads.
            let text = address.split_once('?').map_or("", |(_, text)| text);
            let again = Query::read(text).and_then(|query| query.value("limit").map(drop));
            assert!(again.is_ok(), "{address}");
        }
    }
}
