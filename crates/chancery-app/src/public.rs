//! Authorities' certificates, open to everybody. With [`crate::crl`] and [`crate::ocsp`] this is the whole open surface.

use crate::{App, Error};

impl App {
    /// An authority's certificate, DER, and the chain from it up to the root.
    pub fn authority_chain(&self, authority: &str) -> Result<Vec<Vec<u8>>, Error> {
        Ok(self.authority_named(authority)?.chain.clone())
    }
}
