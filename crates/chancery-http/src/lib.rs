//! How we speak: one folder an API over one TLS port, and the open surface over plain HTTP.
//!
//! Knows the engine ([`chancery_app::App`]) and the core; cannot name the store.

mod accept;
mod apis;
mod config;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod kit;
mod metrics;
mod serve;
mod shared;
#[cfg(test)]
mod testing;

pub use apis::native::openapi;
pub use config::{AppViewxConfig, HttpConfig, KeystoneConfig, ServerConfig};
pub use serve::{Listening, Server};
