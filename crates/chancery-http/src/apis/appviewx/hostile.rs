//! For fuzzing: octets read as every body and query of this API, as far as neither caller nor store are needed.

use chancery_core::time::Time;

use super::extract::Query;
use super::wire::ask::{Action, Decision, Download, KeyDownload};
use super::wire::record::Search;
use super::{map, wire};

pub(crate) fn read_everything(octets: &[u8]) {
    if let Ok(text) = std::str::from_utf8(octets)
        && let Ok(query) = Query::read(text)
    {
        let _ = (query.flag("isSync", false), query.number("ttl", 300));
        let _ = query
            .text("ids")
            .map(|ids| ids.map(|ids| map::order::number(&ids)));
    }
    let Ok(body) = wire::read(octets) else {
        return;
    };
    if let Ok(asked) = Action::read(&body) {
        let _ = map::wanted(&asked).and_then(|wanted| map::action(&asked, wanted, true));
    }
    if let Ok(asked) = Download::read(&body) {
        let _ = map::which(&asked.named);
        let _ = map::format::format(asked.file.format.as_deref().unwrap_or_default());
        let _ = map::format::password(asked.file.password.as_deref());
    }
    let _ = KeyDownload::read(&body);
    if let Ok(asked) = Decision::read(&body) {
        let _ = map::order::decision(&asked);
    }
    if let Ok(asked) = Search::read(&body) {
        let _ = map::search::wanted(&asked, Time::from_unix(0));
    }
    let _ = map::creation::creation(&body);
}
