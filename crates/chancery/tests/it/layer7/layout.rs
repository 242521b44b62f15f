//! What published scripts do with the XML: real curl, grep and sed, in a real shell.

use std::process::Command;

use crate::server::Server;

use super::{BASE, Client, INTERNAL, NS, certificate_data, der_in_base64, foreign, user};

/// Runs a script in which `$G` is the API's address and `get`, `send` are curl with credentials; gives what it prints.
#[track_caller]
fn shell(server: &Server, script: &str) -> String {
    let admin = server.admin();
    let head = "get() { curl -s --cacert \"$CA\" -u \"$WHO\" \"$@\"; }\n\
                send() { get -H 'Content-Type: application/xml' \"$@\"; }\n";
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("{head}{script}"))
        .env("G", format!("{}{BASE}", server.https_url()))
        .env("CA", server.data().join("ca/root.pem"))
        .env("WHO", format!("{}:{}", admin.user, admin.password))
        .env("NS", NS)
        .current_dir(server.scratch())
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.is_empty(), "{script}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn scripts_find_what_they_grep_for() {
    let server = Server::start();
    let made = shell(
        &server,
        "send $G/users -d \"<l7:User $NS><l7:Login>joe</l7:Login></l7:User>\" | grep -E -o '<l7:Id>[a-x0-9]+'",
    );
    let lines: Vec<&str> = made.lines().collect();
    let [line] = lines.as_slice() else {
        panic!("{made}")
    };
    let id = line.strip_prefix("<l7:Id>").unwrap();
    assert!(
        id.len() == 32
            && id
                .bytes()
                .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
    );

    let check =
        |script: &str, want: &str| assert_eq!(shell(&server, script).trim(), want, "{script}");
    let own = format!("<l7:Id>{id}</l7:Id>");
    check(
        "get $G/users | grep -A 1 '<l7:Name>joe</l7:Name>' | grep '<l7:Id>'",
        &own,
    );
    check("get $G/users/ | grep joe -a1 | grep Id | head -1", &own);
    check("get \"$G/users?login=joe\" | grep -c '<l7:Item>'", "1");
    check("get \"$G/users?login=nobody\" | grep 'l7:Item'", "");
    check(
        "get \"$G/privateKeys?alias=ca_msso\" | grep \"l7:Item\"",
        "",
    );
    check(
        "get \"$G/users?login=nobody\" -o /dev/null -w '%{http_code}'",
        "200",
    );
    check(
        "get $G/identityProviders | grep -w IdentityProvider | grep -o 'id=\"[0-9a-z]*\"'",
        &format!("id=\"{INTERNAL}\""),
    );
    check("get \"$G/users?login=joe\" | grep -c '<l7:Link '", "2");
    check(
        "get $G/users | sed -n 1p",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>",
    );
    check(
        &format!("get $G/users/{id} | sed -n 2p"),
        &format!("<l7:Item {NS}>"),
    );
    // Without lines 3 to 8, which are the envelope, and the last two, there is nothing but the resource.
    check(
        &format!(
            "get $G/users/{id} | sed '3,8d' | sed 1,2d | head -n -2 | sed -n '1s/ id=.*//p;$p' | tr -d ' '"
        ),
        "<l7:User\n</l7:User>",
    );
    check(
        &format!("get -X DELETE $G/users/{id} -w '%{{http_code}}'"),
        "204",
    );
}

#[test]
fn the_documents_own_lines_work_with_curl() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = admin.add_user("joe");
    let body = certificate_data(&der_in_base64(&foreign(&server, "/CN=joe")));
    server.scratch_file("certificate.xml", body);
    let script = format!(
        "P=$G/users/{id}/certificate\n\
         put() {{ send -X PUT $P --data @certificate.xml -o answer -w '%{{http_code}} '; }}\n\
         put; put; grep Detail answer; get -X DELETE $P -w '%{{http_code}} %{{size_download}}\\n'; put"
    );
    let want = "200 400     <l7:Detail>this user is currently not allowed to generate a new cert: joe (joe)</l7:Detail>\n\
                200 0\n200 ";
    assert_eq!(shell(&server, &script), want);
    // Clients that send no credentials before they are challenged.
    let challenged = shell(
        &server,
        "get --anyauth $G/users -o /dev/null -w '%{http_code} %{num_connects}'",
    );
    assert!(challenged.starts_with("200 "), "{challenged}");
}

#[test]
fn a_users_item_is_as_the_page_has_it() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let more = "<l7:FirstName>Joe</l7:FirstName><l7:LastName>D &lt; E</l7:LastName>";
    let made = admin.send("POST", "/users", user("joe", more)).expect(201);
    let id = super::text_of(&made, "Id");
    let address = format!("https://localhost{BASE}/users/{id}");
    assert_eq!(made.header("Location"), Some(address.as_str()));
    let stamp = super::text_of(&made, "TimeStamp");
    assert!(stamp.len() == 24 && stamp.ends_with(".000Z"), "{stamp}");
    let want = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>
<l7:Item {NS}>
    <l7:Name>joe</l7:Name>
    <l7:Id>{id}</l7:Id>
    <l7:Type>USER</l7:Type>
    <l7:TimeStamp>{stamp}</l7:TimeStamp>
    <l7:Link rel=\"self\" uri=\"{address}\"/>
    <l7:Resource>
        <l7:User id=\"{id}\" providerId=\"{INTERNAL}\" version=\"0\">
            <l7:Login>joe</l7:Login>
            <l7:FirstName>Joe</l7:FirstName>
            <l7:LastName>D &lt; E</l7:LastName>
            <l7:Properties>
                <l7:Property key=\"name\">
                    <l7:StringValue>joe</l7:StringValue>
                </l7:Property>
                <l7:Property key=\"enabled\">
                    <l7:BooleanValue>true</l7:BooleanValue>
                </l7:Property>
                <l7:Property key=\"accountExpiration\">
                    <l7:LongValue>-1</l7:LongValue>
                </l7:Property>
            </l7:Properties>
        </l7:User>
    </l7:Resource>
</l7:Item>
"
    );
    assert_eq!(made.text(), want);
    assert_eq!(made.header("Content-Type"), Some("application/xml"));
}
