//! A fault as Keystone's fault.xsd and HP's examples have it.

use serde::Serialize;
use serde::ser::SerializeMap;

use super::super::layout;
use super::{ATOM, COMMON, Empty, HP_IDM, IDENTITY};
use crate::kit::node::Node;

/// A fault's parts.
pub(crate) struct Body<'a> {
    /// Its element or member.
    pub(crate) element: &'static str,
    /// The HTTP status.
    pub(crate) code: u16,
    /// The status in words.
    pub(crate) message: &'static str,
    /// What was wrong.
    pub(crate) details: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    code: u16,
    details: &'a str,
    message: &'static str,
    other_attributes: Empty,
}

impl Body<'_> {
    /// As JSON.
    pub(crate) fn json(&self) -> String {
        layout::json(self)
    }

    /// As XML.
    pub(crate) fn xml(&self) -> String {
        let node = Node::new(self.element)
            .with("xmlns", IDENTITY)
            .with("xmlns:ns2", HP_IDM)
            .with("xmlns:ns3", COMMON)
            .with("xmlns:ns4", ATOM)
            .with("code", self.code.to_string())
            .holding(Node::text("message", self.message))
            .holding(Node::text("details", self.details));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>{}",
            layout::on_one_line(&node)
        )
    }
}

impl Serialize for Body<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = Members {
            code: self.code,
            details: self.details,
            message: self.message,
            other_attributes: Empty {},
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.element, &members)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_written_as_hp_shows_them() {
        let body = Body {
            element: "unauthorized",
            code: 401,
            message: "UNAUTHORIZED",
            details: "Invalid credentials",
        };
        assert_eq!(
            body.json(),
            "{\n  \"unauthorized\" : {\n    \"code\" : 401,\n    \"details\" : \"Invalid credentials\",\n    \
             \"message\" : \"UNAUTHORIZED\",\n    \"otherAttributes\" : {\n    }\n  }\n}"
        );
        assert_eq!(
            body.xml(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><unauthorized \
             xmlns=\"http://docs.openstack.org/identity/api/v2.0\" \
             xmlns:ns2=\"http://www.hp.com/identity/api/ext/HP-IDM/v1.0\" \
             xmlns:ns3=\"http://docs.openstack.org/common/api/v1.0\" xmlns:ns4=\"http://www.w3.org/2005/Atom\" \
             code=\"401\"><message>UNAUTHORIZED</message><details>Invalid credentials</details></unauthorized>"
        );
    }
}
