//! The integration tests: one binary, against the real program over real TLS with a real database, judged by programs
//! that are not ours where there are some.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![expect(
    clippy::too_many_lines,
    reason = "a test that is a table is as long as its table"
)]

mod appviewx;
mod authorities;
mod bad_input;
mod bulk;
mod cli;
mod durability;
mod fortiauthenticator;
mod fortiauthenticator_clients;
mod house;
mod keystone;
mod keystone_clients;
mod layer7;
mod lifecycle;
mod linters;
mod native;
mod ocsp;
mod orders;
mod relying;
mod sbc;
mod scenarios;
mod server;
mod start;
mod wire;
