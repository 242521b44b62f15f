//! What all APIs share and none owns: reading credentials, bodies and XML, choosing a representation.

pub(crate) mod authorization;
pub(crate) mod body;
pub(crate) mod door;
pub(crate) mod log;
pub(crate) mod negotiate;
pub(crate) mod time;
pub(crate) mod xml;
