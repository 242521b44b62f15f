//! What clients ask before they begin: which versions there are, and whether this is the one to talk to.

use super::super::VERSIONS;
use super::super::answer::Answer;
use super::super::extract::Caller;
use crate::kit::node::Node;

/// The versions that are spoken. Needs no token.
pub(crate) async fn versions() -> Answer {
    let [older @ .., latest] = VERSIONS;
    let latest = Node::text("latestVersion", latest);
    let older = older
        .into_iter()
        .map(|version| Node::text("version", version));
    Answer::ok(std::iter::once(latest).chain(older))
}

/// The role of this server: it stands alone, and is always the one to talk to.
pub(crate) async fn status(_caller: Caller) -> Answer {
    Answer::ok([Node::of("systemStatus", [Node::text("role", "standalone")])])
}
