//! Parse, call the engine, render: one file a resource.

pub(super) mod certificates;
pub(super) mod discovery;
pub(super) mod tenants;
pub(super) mod tokens;
