//! X.501 distinguished names: the subject and the issuer of a certificate (RFC 5280 section 4.1.2.4).
//!
//! One type for every API: [`Name`] keeps the DER it was read from, which is the truth, and prints and reads the
//! styles that products speak (RFC 4514, Java, OpenSSL one-line, comma-space forward). Reading is lenient, because
//! certificates of others are odd; what may go into a certificate of ours is decided by [`Name::check_issuable`]. It
//! must not know which API uses which style.

mod asn1;
pub mod attribute;
mod compare;
mod error;
mod issuable;
mod parse;
mod print;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::hash::{Hash, Hasher};

pub use error::NameError;
pub use value::Attribute;

/// An object identifier; here the type of an attribute. At most 39 octets long, and each arc fits 32 bits.
pub type Oid = der::oid::ObjectIdentifier;

/// An X.501 distinguished name: its original DER and its parsed attributes.
///
/// `==` and `Hash` look at the DER alone: equal names are equal byte for byte. To compare as RFC 5280 does, use
/// [`matches`](Name::matches) or [`match_key`](Name::match_key).
#[derive(Clone)]
pub struct Name {
    der: Vec<u8>,
    rdns: Vec<Rdn>,
}

/// A relative distinguished name: the attributes that stand at one level of a name, mostly one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rdn {
    attributes: Vec<Attribute>,
}

impl Name {
    /// Reads exactly one DER `Name`, and keeps the bytes as they are.
    ///
    /// Accepts what real certificates hold: empty values, characters that do not belong to the string type, unknown
    /// attribute types, several attributes at one level in any order.
    ///
    /// # Errors
    /// [`NameError::Der`] if the structure is broken, bytes follow, or an attribute type does not fit an [`Oid`].
    pub fn from_der(der: &[u8]) -> Result<Name, NameError> {
        Ok(Name {
            der: der.to_vec(),
            rdns: asn1::read_name(der)?,
        })
    }

    /// Reads the text of a name in any of the styles that people and clients write, found by looking at it.
    ///
    /// - Text that begins with `/` is OpenSSL's one-line form, in X.500 order: `/C=US/O=x/CN=y`. `\/`, `\+` and
    ///   `\xHH` are escapes; `/` and `+` end a value only where `KEY=` follows (or at the end of the text).
    /// - All else is the comma form, most specific first: `CN=a,O=b` (RFC 4514) or `EMAILADDRESS=x, CN=a, O=b` (RFC
    ///   2253, Java); with `;` for a comma, `"quoted values"`, backslash and hex escapes, `#hex` values and `+`
    ///   between attributes of one level.
    ///
    /// Attribute types are keywords (see [`attribute::from_keyword`]) or dotted, with or without `OID.`. Empty text
    /// is the empty name. Limits on values are not applied, so that names of others can be read: see
    /// [`check_issuable`](Name::check_issuable). A value that the string type of its attribute cannot hold becomes a
    /// UTF8String.
    ///
    /// # Errors
    /// [`NameError::Text`] says what is wrong and where; [`NameError::Limit`] if the text is over 16 KiB.
    pub fn parse(text: &str) -> Result<Name, NameError> {
        Name::from_rdns(&parse::any_form(text)?)
    }

    /// Reads the comma form in X.500 order, most general first: `C=CA, ST=BC, CN=x`, as some products print it.
    ///
    /// The text alone does not tell this order from that of RFC 4514, so the caller must know. Otherwise as
    /// [`parse`](Name::parse).
    ///
    /// # Errors
    /// As [`parse`](Name::parse).
    pub fn parse_forward(text: &str) -> Result<Name, NameError> {
        Name::from_rdns(&parse::forward_form(text)?)
    }

    /// Starts a name of our own, to be given its attributes in X.500 order (country first, common name last).
    pub fn build() -> NameBuilder {
        NameBuilder { rdns: Vec::new() }
    }

    /// The same name in the string types that we issue: see [`NameBuilder::finish`].
    ///
    /// For a request whose subject is in BMPString or TeletexString, or holds characters that its string type does
    /// not allow.
    ///
    /// # Errors
    /// [`NameError::Value`] if a value is not text, or does not fit the string type of its attribute.
    pub fn reencoded(&self) -> Result<Name, NameError> {
        let mut builder = Name::build();
        for rdn in &self.rdns {
            let mut level = Vec::new();
            for attribute in &rdn.attributes {
                let text = attribute
                    .text()
                    .filter(|_| !attribute.is_broken())
                    .ok_or_else(|| NameError::value(attribute.oid(), "is not text"))?;
                level.push((*attribute.oid(), text));
            }
            builder = builder.push_rdn(level);
        }
        builder.finish()
    }

    /// The DER, exactly as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether the name has no attribute at all, as the subject of a certificate that is named by its SAN only.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    /// The levels of the name in encoded (X.500) order: most general first.
    #[must_use]
    pub fn rdns(&self) -> &[Rdn] {
        &self.rdns
    }

    /// All attributes in encoded (X.500) order.
    pub fn attributes(&self) -> impl DoubleEndedIterator<Item = &Attribute> {
        self.rdns.iter().flat_map(|rdn| &rdn.attributes)
    }

    /// The first value of an attribute type, if it is text.
    #[must_use]
    pub fn first(&self, oid: &Oid) -> Option<&str> {
        self.attributes()
            .find(|attribute| attribute.oid() == oid)?
            .text()
    }

    /// The last, that is the most specific, common name, if it is text.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.attributes()
            .rfind(|attribute| *attribute.oid() == attribute::COMMON_NAME)?
            .text()
    }

    /// Whether this name may stand in a certificate that we sign, be it from a request or from a caller.
    ///
    /// It must be strict DER in the string types of RFC 5280 section 4.1.2.4, at most 4 KiB and 32 levels; no level
    /// empty or with an attribute type twice; no value empty, not text, over its bound (RFC 5280 appendix A), or with
    /// control or invisible characters. The empty name passes.
    ///
    /// # Errors
    /// [`NameError`] names the first attribute that may not be issued, and why.
    pub fn check_issuable(&self) -> Result<(), NameError> {
        issuable::check(self)
    }

    /// RFC 4514: `CN=a,O=b`, most specific first; a type without a keyword as dotted OID and `#hex` value.
    ///
    /// Types beyond the table of RFC 4514 print by their registered LDAP descriptors (`emailAddress`,
    /// `serialNumber`), as its section 2.3 allows. [`parse`](Name::parse) reads the text back to a name that matches;
    /// to an equal one if we encoded it.
    #[must_use]
    pub fn to_rfc4514(&self) -> String {
        print::rfc4514(&self.rdns)
    }

    /// As Java's `X500Principal.toString`: `EMAILADDRESS=joe@example.com, CN=Joe, OU=Cloud Services, O=HP, C=US`,
    /// most specific first.
    ///
    /// We differ where Java's text reads back as another name: a value that itself begins and ends with a quotation
    /// mark is quoted and escaped too.
    #[must_use]
    pub fn to_java(&self) -> String {
        print::java(&self.rdns)
    }

    /// As OpenSSL's `X509_NAME_oneline`: `/C=CA/ST=BC/L=Burnaby/O=o/OU=RD/CN=test`, in X.500 order, non-ASCII as
    /// `\xHH` of UTF-8.
    ///
    /// We differ where OpenSSL's text reads back as another name: a backslash is doubled, and a value that is not
    /// text prints as `#hex`.
    #[must_use]
    pub fn to_openssl_oneline(&self) -> String {
        print::openssl_oneline(&self.rdns)
    }

    /// A part of such a line as people type it, as it stands there: what is not printable ASCII as `\xHH` of UTF-8.
    /// Slashes stay what they are, for they part attributes too.
    #[must_use]
    pub fn openssl_oneline_part(text: &str) -> String {
        print::openssl_oneline_part(text)
    }

    /// The comma form in X.500 order with OpenSSL's keywords: `C=CA, ST=BC, CN=test, emailAddress=test@example.com`.
    /// [`parse_forward`](Name::parse_forward) reads it back.
    #[must_use]
    pub fn to_comma_forward(&self) -> String {
        print::comma_forward(&self.rdns)
    }

    /// The key for comparison as RFC 5280 section 7.1 has it: two names match if and only if their keys are equal.
    ///
    /// Letter case, insignificant space, string type and the order of attributes at one level make no difference; see
    /// `compare.rs` for what is taken of RFC 4518. Values that are not text compare by their bytes, and a level
    /// without attributes does not count. The key is for comparing only; its form is no API.
    #[must_use]
    pub fn match_key(&self) -> String {
        compare::key(&self.rdns)
    }

    /// Whether both names are the same name to RFC 5280 section 7.1: equal [`match_key`](Name::match_key)s.
    #[must_use]
    pub fn matches(&self, other: &Name) -> bool {
        self.der == other.der || self.match_key() == other.match_key()
    }

    /// The only way from attributes to a name: through DER, so that what we hold is always what the DER says.
    fn from_rdns(rdns: &[Rdn]) -> Result<Name, NameError> {
        Name::from_der(&asn1::write_name(rdns))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.der == other.der
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.der.hash(state);
    }
}

/// RFC 4514, as [`Name::to_rfc4514`].
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc4514())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl Rdn {
    /// The attributes in encoded order. Empty only in a malformed certificate.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }
}

/// Collects the attributes of a new name, in X.500 order. Made by [`Name::build`].
#[derive(Clone, Debug)]
#[must_use]
pub struct NameBuilder {
    rdns: Vec<Vec<(Oid, String)>>,
}

impl NameBuilder {
    /// Adds a level with one attribute.
    pub fn push(self, oid: Oid, text: &str) -> NameBuilder {
        self.push_rdn([(oid, text)])
    }

    /// Adds a level with several attributes, in any order: DER sorts them.
    pub fn push_rdn<'a>(
        mut self,
        attributes: impl IntoIterator<Item = (Oid, &'a str)>,
    ) -> NameBuilder {
        self.rdns.push(
            attributes
                .into_iter()
                .map(|(oid, text)| (oid, text.to_owned()))
                .collect(),
        );
        self
    }

    /// Encodes the name: country, serialNumber and dnQualifier as PrintableString, emailAddress and domainComponent
    /// as IA5String, all else as UTF8String (RFC 5280 section 4.1.2.4). Lengths and contents are for
    /// [`Name::check_issuable`] to judge.
    ///
    /// # Errors
    /// [`NameError::Value`] if a text does not fit the string type of its attribute.
    pub fn finish(self) -> Result<Name, NameError> {
        self.finish_as(Attribute::strict)
    }

    /// [`NameBuilder::finish`], with PrintableString instead of UTF8String where the text fits it, as older devices
    /// write names.
    ///
    /// # Errors
    /// As [`NameBuilder::finish`].
    pub fn finish_printable(self) -> Result<Name, NameError> {
        self.finish_as(Attribute::printable)
    }

    fn finish_as(
        self,
        encode: fn(Oid, String) -> Result<Attribute, NameError>,
    ) -> Result<Name, NameError> {
        let mut rdns = Vec::with_capacity(self.rdns.len());
        for level in self.rdns {
            let attributes = level
                .into_iter()
                .map(|(oid, text)| encode(oid, text))
                .collect::<Result<_, _>>()?;
            rdns.push(Rdn { attributes });
        }
        Name::from_rdns(&rdns)
    }
}
