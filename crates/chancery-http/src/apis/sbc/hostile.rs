//! For fuzzing: octets read as every body and query of this API, as far as neither caller nor store are needed.

use super::extract::{OldToken, Query, Sent};
use super::wire::element::Sent as SentElement;
use super::wire::import::Import;
use super::{map, wire};

pub(crate) fn read_everything(octets: &[u8]) {
    if let Ok(sent) = wire::read::<SentElement>(octets) {
        let _ = map::element::change(sent.clone());
        if let Ok(element) = map::element::whole(sent) {
            let _ = map::request::of_record(&element);
            let shown = super::layout::document(&map::element::shown(&element));
            let read = wire::read::<SentElement>(shown.as_bytes()).map(map::element::whole);
            assert_eq!(read, Ok(Ok(element)), "what is answered reads back");
        }
    }
    if let Ok(import) = wire::read::<Import>(octets) {
        let _ = map::import::certificates(&import);
    }
    let _ = Sent::<SentElement>::read(None, octets);
    let _ = OldToken::read(None, octets);
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    if let Ok(query) = Query::read(text) {
        let _ = query.flag("reGenerate");
        let _ = query.number("offset");
        let _ = query.required("recordName");
        if let (Ok(action), Ok(source)) = (query.value("action"), query.value("source")) {
            let _ = map::operation::wanted(action, source);
        }
    }
}
