//! The page that clients ask for to see whether they can log in.

use super::super::answer::Answer;
use super::super::extract::Caller;

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Chancery: restman 1.0</title>
</head>
<body>
<h1>Chancery: restman 1.0</h1>
<p>Served under <code>/restman/1.0/</code>, in XML, with Basic authentication:</p>
<ul>
<li><code>users</code>, with <code>users/{id}/certificate</code> and <code>users/{id}/password</code></li>
<li><code>groups</code></li>
<li><code>identityProviders</code>, with the users and groups of each</li>
<li><code>trustedCertificates</code></li>
<li><code>privateKeys</code>, with <code>generateCSR</code>, <code>signCert</code>, <code>export</code> and <code>import</code></li>
</ul>
<p>The README of this API tells each method, and where it differs from the Gateway's.</p>
</body>
</html>
"#;

/// What is served.
pub(crate) async fn page(_caller: Caller) -> Answer {
    Answer::text("text/html; charset=utf-8", PAGE.to_owned())
}
