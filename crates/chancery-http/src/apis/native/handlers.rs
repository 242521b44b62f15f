//! One function a route: parse, one call of the engine, render.

pub(super) mod accounts;
pub(super) mod audit;
pub(super) mod authorities;
pub(super) mod certificates;
pub(super) mod domains;
pub(super) mod lifecycle;
pub(super) mod orders;
pub(super) mod records;
pub(super) mod revocations;
pub(super) mod users;
