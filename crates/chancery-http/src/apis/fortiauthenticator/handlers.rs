//! Parse, call the engine, render: one file a resource.

pub(super) mod certificates;
pub(super) mod directory;
pub(super) mod scep;
pub(super) mod system;
