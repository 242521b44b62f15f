//! What all APIs share and none owns: reading credentials, queries, bodies, forms, JSON and XML, choosing a representation.

pub(crate) mod address;
pub(crate) mod authorization;
pub(crate) mod body;
pub(crate) mod class;
pub(crate) mod door;
pub(crate) mod header;
pub(crate) mod json;
pub(crate) mod log;
pub(crate) mod media;
pub(crate) mod multipart;
pub(crate) mod negotiate;
pub(crate) mod node;
pub(crate) mod query;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod xml;
