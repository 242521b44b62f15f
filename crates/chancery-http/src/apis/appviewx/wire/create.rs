//! What a request to create a certificate says.

use serde_json::Value;

use super::ask::Format;
use super::{optional, text};
use crate::kit::json::Members;

/// A certificate to be created.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Create {
    pub(crate) source: Option<String>,
    pub(crate) csr: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) connector: Option<Connector>,
    pub(crate) file: Format,
}

/// By whom, and what.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Connector {
    pub(crate) authority: Option<String>,
    pub(crate) setting: Option<String>,
    pub(crate) parameters: Option<CsrParameters>,
    pub(crate) validity: Validity,
}

/// For how long.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Validity {
    pub(crate) days: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) value: Option<String>,
}

/// For whom, with what kind of key.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct CsrParameters {
    pub(crate) common_name: Option<String>,
    pub(crate) organization: Option<String>,
    pub(crate) organizational_unit: Option<String>,
    pub(crate) locality: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) mail_address: Option<String>,
    pub(crate) key_type: Option<String>,
    pub(crate) bits: Option<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) dns: Vec<String>,
    pub(crate) ip: Vec<String>,
    pub(crate) mail: Vec<String>,
    pub(crate) uri: Vec<String>,
    /// Of a kind that is not issued here.
    pub(crate) other_names: Vec<String>,
}

/// Kinds of alternative names that the document knows and that are not issued here.
const OTHER_NAMES: [&str; 5] = [
    "otherNames",
    "x400Addresses",
    "directoryNames",
    "ediPartyNames",
    "registeredIDs",
];

impl Create {
    pub(crate) fn read(body: &Value) -> Result<Create, String> {
        let members = Members::of(body)?;
        let csr = match members.object("uploadCsrDetails")? {
            Some(details) => text(details, "csrContent"),
            None => None,
        };
        let group = match members.object("certificateGroup")? {
            Some(group) => optional(group, "name")?,
            None => None,
        };
        let connector = members.object("caConnectorInfo")?;
        Ok(Create {
            source: optional(members, "csrGenerationSource")?,
            csr,
            group,
            connector: connector.map(Connector::read).transpose()?,
            file: Format::read(members)?,
        })
    }
}

impl Connector {
    fn read(members: Members<'_>) -> Result<Connector, String> {
        let parameters = members.object("csrParameters")?;
        Ok(Connector {
            authority: optional(members, "certificateAuthority")?,
            setting: optional(members, "caSettingName")?,
            parameters: parameters.map(CsrParameters::read).transpose()?,
            validity: Validity {
                days: members.text_or_number("validityInDays")?,
                unit: optional(members, "validityUnit")?,
                value: members.text_or_number("validityUnitValue")?,
            },
        })
    }
}

impl CsrParameters {
    fn read(members: Members<'_>) -> Result<CsrParameters, String> {
        let names = members.object("enhancedSANTypes")?;
        let list = |name: &str| names.map_or(Ok(Vec::new()), |names| names.list(name));
        let mut other_names = Vec::new();
        for name in OTHER_NAMES {
            other_names.extend(list(name)?);
        }
        Ok(CsrParameters {
            common_name: text(members, "commonName"),
            organization: optional(members, "organization")?,
            organizational_unit: optional(members, "organizationUnit")?,
            locality: optional(members, "locality")?,
            state: optional(members, "state")?,
            country: optional(members, "country")?,
            mail_address: optional(members, "emailAddress")?,
            key_type: optional(members, "keyType")?,
            bits: members
                .text_or_number("bitLength")?
                .filter(|bits| !bits.trim().is_empty()),
            categories: members.list("certificateCategories")?,
            dns: list("dNSNames")?,
            ip: list("iPAddresses")?,
            mail: list("rfc822Names")?,
            uri: list("uniformResourceIdentifiers")?,
            other_names,
        })
    }
}
