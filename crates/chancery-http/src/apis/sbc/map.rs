//! Between this API's words and the engine's: which kinds of elements there are, what a record asks for, which
//! certificates an import brings. Pure.

pub(super) mod element;
pub(super) mod import;
pub(super) mod kinds;
pub(super) mod operation;
pub(super) mod request;
mod value;
