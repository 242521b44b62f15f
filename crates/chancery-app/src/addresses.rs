//! Where relying parties find what belongs to an authority: the addresses in certificates and CRLs.

use chancery_core::crl::{CrlAddress, Scope, Shards};
use chancery_core::plan::Addresses;

use crate::config::CrlConfig;

/// The address under which relying parties reach this server, those under which they did, and how CRLs are cut.
#[derive(Clone, Debug)]
pub(crate) struct PublicUrl {
    own: String,
    former: Vec<String>,
    shards: Shards,
}

impl PublicUrl {
    /// From an address without a slash at its end, and a configuration that was checked.
    pub(crate) fn new(own: &str, config: &CrlConfig) -> PublicUrl {
        PublicUrl {
            own: own.to_owned(),
            former: config.former_public_urls.clone(),
            shards: Shards::new(config.shards).unwrap_or(Shards::ONE),
        }
    }

    /// What certificates signed by the authority of that name say, OCSP aside: not every authority answers by OCSP. A
    /// root's list is never cut: it tells of a few authorities, and clients of every kind must understand it.
    pub(crate) fn addresses(&self, authority: &str, is_root: bool) -> Addresses {
        let crl = if is_root || self.shards == Shards::ONE {
            CrlAddress::At(self.crl(authority))
        } else {
            CrlAddress::Sharded {
                prefix: format!("{}/crl/{authority}", self.own),
                shards: self.shards,
            }
        };
        Addresses {
            crl: vec![crl],
            certificate: vec![self.certificate(authority)],
            ocsp: Vec::new(),
        }
    }

    /// The CRL of a whole authority.
    pub(crate) fn crl(&self, authority: &str) -> String {
        complete(&self.own, authority, Scope::Whole)
    }

    /// What a list says of its scope: each address by which certificates in it may name it. The whole list says nothing.
    pub(crate) fn scope_names(&self, authority: &str, scope: Scope) -> Vec<String> {
        match scope {
            Scope::Whole => Vec::new(),
            Scope::Shard(_) => std::iter::once(&self.own)
                .chain(&self.former)
                .map(|url| complete(url, authority, scope))
                .collect(),
        }
    }

    /// The delta CRL of a scope.
    pub(crate) fn delta(&self, authority: &str, scope: Scope) -> String {
        let own = &self.own;
        match scope {
            Scope::Whole => format!("{own}/crl/{authority}/delta.crl"),
            Scope::Shard(shard) => format!("{own}/crl/{authority}/{shard}-delta.crl"),
        }
    }

    /// The certificate of an authority.
    pub(crate) fn certificate(&self, authority: &str) -> String {
        format!("{}/ca/{authority}.cer", self.own)
    }

    /// The OCSP responder.
    pub(crate) fn ocsp(&self) -> String {
        format!("{}/ocsp", self.own)
    }

    /// How CRLs are cut for certificates issued from now on.
    pub(crate) fn shards(&self) -> Shards {
        self.shards
    }
}

fn complete(url: &str, authority: &str, scope: Scope) -> String {
    match scope {
        Scope::Whole => format!("{url}/crl/{authority}.crl"),
        Scope::Shard(shard) => format!("{url}/crl/{authority}/{shard}.crl"),
    }
}

#[cfg(test)]
mod tests {
    use chancery_core::crl::Shard;
    use chancery_core::serial::Serial;

    use super::*;

    /// What a certificate names is what its list says of itself, in every layout and after a move.
    #[test]
    fn certificates_and_lists_agree_on_addresses() {
        let serial = Serial::from_content(&[1, 0x80, 0xff]).unwrap();
        let config = |shards, former: &[&str]| CrlConfig {
            shards,
            former_public_urls: former.iter().map(|url| (*url).to_owned()).collect(),
            ..CrlConfig::default()
        };
        let named = |url: &PublicUrl, is_root| -> Vec<String> {
            let addresses = url.addresses("issuing", is_root);
            addresses.crl.iter().map(|list| list.of(&serial)).collect()
        };
        let one = PublicUrl::new("http://ca.example", &config(1, &[]));
        assert_eq!(named(&one, false), ["http://ca.example/crl/issuing.crl"]);
        assert!(one.scope_names("issuing", Scope::Whole).is_empty());
        assert_eq!(
            one.delta("issuing", Scope::Whole),
            "http://ca.example/crl/issuing/delta.crl"
        );

        let four = PublicUrl::new("http://ca.example", &config(4, &[]));
        let scope = Scope::Shard(Shard::of_serial(four.shards(), &serial));
        assert_eq!(named(&four, true), ["http://ca.example/crl/issuing.crl"]);
        assert_eq!(
            named(&four, false),
            ["http://ca.example/crl/issuing/4/2.crl"]
        );
        assert_eq!(four.scope_names("issuing", scope), named(&four, false));
        assert_eq!(
            four.delta("issuing", scope),
            "http://ca.example/crl/issuing/4/2-delta.crl"
        );

        let moved = PublicUrl::new("http://new.example", &config(1, &["http://ca.example"]));
        let names = moved.scope_names("issuing", scope);
        assert!(names.contains(&named(&four, false)[0]), "{names:?}");
    }
}
