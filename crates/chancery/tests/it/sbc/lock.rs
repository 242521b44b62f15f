//! The configuration lock: to whom it belongs, how it is lost, and that of many exactly one gets it.

use std::thread;

use crate::server::{Server, basic};
use crate::wire::Answer;

use super::{
    Client, ELEMENTS, PASSWORD, ask_token, assert_error, assert_nothing, element, record, text_of,
    values,
};

const BY_ANOTHER: &str = "Resource locked by another user";
const BY_NOBODY: &str = "User does not have the lock";

#[test]
fn the_lock_belongs_to_a_token() {
    let server = Server::start();
    let client = Client::administrator(&server);
    let other = Client::administrator(&server);
    assert_error(&client.unlock(), 423, BY_NOBODY);
    assert_nothing(&client.lock());
    assert_nothing(&client.lock());
    assert_error(&other.lock(), 423, BY_ANOTHER);
    assert_error(&other.unlock(), 423, BY_ANOTHER);
    assert_nothing(&client.unlock());
    assert_error(&client.unlock(), 423, BY_NOBODY);
    assert_nothing(&other.lock());
}

/// Everything that changes anything, as one who does not hold the lock would ask for it.
fn changes(client: &Client<'_>) -> Vec<Answer> {
    let manage = |method: &str, action: &str| {
        client.send(
            method,
            &format!("/configuration/management?action={action}"),
            "",
        )
    };
    let pem = std::fs::read_to_string(client.server.data().join("ca/root.pem")).unwrap();
    vec![
        client.add(&record("new")),
        client.put(&element(
            "certificate-record",
            &[("name", "r1"), ("unit", "x")],
        )),
        client.send(
            "DELETE",
            &format!("{ELEMENTS}?elementType=certificate-record&name=r1"),
            "",
        ),
        client.generate("recordName=r1"),
        client.generate("recordName=absent"),
        client.import("r1", "x509", &pem, false),
        manage("PUT", "save"),
        manage("PUT", "verify"),
        manage("POST", "activate"),
        manage("PUT", "restore"),
    ]
}

#[test]
fn without_the_lock_nothing_is_changed() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&record("r1")).expect(200);
    client.activate();
    let other = Client::administrator(&server);
    let before = client.show("certificate-record", "r1").text();
    for answer in changes(&other) {
        assert_error(&answer, 423, BY_ANOTHER);
    }
    assert_nothing(&client.unlock());
    for answer in changes(&other).into_iter().chain(changes(&client)) {
        assert_error(&answer, 423, BY_NOBODY);
    }
    assert_eq!(other.show("certificate-record", "r1").text(), before);
}

#[test]
fn what_was_not_saved_goes_with_the_lock() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&record("saved")).expect(200);
    client.act("PUT", "save");
    client.add(&record("unsaved")).expect(200);
    client.csr("unsaved");
    assert_nothing(&client.unlock());
    let other = Client::editor(&server);
    other.show("certificate-record", "saved").expect(200);
    assert_error(
        &other.show("certificate-record", "unsaved"),
        404,
        "no such element",
    );
    // Nor was it activated with somebody else's work.
    other.activate();
    assert_error(
        &other.running("certificate-record", "unsaved"),
        404,
        "no such element",
    );
    other.running("certificate-record", "saved").expect(200);
}

#[test]
fn a_renewed_token_holds_the_lock_and_the_old_one_is_worth_nothing() {
    let server = Server::start();
    let admin = server.admin();
    let authorization = basic(&admin.user, &admin.password);
    let first = Client::editor(&server);
    first.add(&record("r1")).expect(200);
    for form in ["token=", "accessToken="] {
        let old = Client::administrator(&server);
        let renewed = ask_token(&server, &authorization, &format!("{form}{}", old.token));
        assert_ne!(text_of(&renewed.expect(200), "accessToken"), old.token);
        assert_error(&old.get("/system/status"), 401, "Client not authorized.");
    }
    let renewed = ask_token(&server, &authorization, &format!("token={}", first.token));
    let second = Client {
        server: &server,
        token: text_of(&renewed.expect(200), "accessToken"),
    };
    assert_error(&first.unlock(), 401, "Client not authorized.");
    // With the lock went what was edited under it.
    second.csr("r1");
    second.activate();
    assert_nothing(&second.unlock());
}

/// One token renewed at once by many: exactly one new one comes of it, and holds the lock.
#[test]
fn of_many_renewals_exactly_one_succeeds() {
    let server = Server::start();
    let admin = server.admin();
    let authorization = basic(&admin.user, &admin.password);
    let first = Client::editor(&server);
    let form = format!("token={}", first.token);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let renew = || ask_token(&server, &authorization, &form);
        let started: Vec<_> = (0..6).map(|_| scope.spawn(renew)).collect();
        started.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let renewed = answers.iter().filter(|answer| answer.status == 200);
    let renewed: Vec<String> = renewed.map(|it| text_of(it, "accessToken")).collect();
    assert_eq!(renewed.len(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_error(refused, 401, "Client not authorized.");
    }
    let client = Client {
        server: &server,
        token: renewed[0].clone(),
    };
    assert_nothing(&client.unlock());
}

#[test]
fn only_ones_own_token_is_renewed() {
    let server = Server::start();
    let admin = server.admin();
    let authorization = basic(&admin.user, &admin.password);
    let joe = Client::new(&server, "joe", "operator");
    assert_nothing(&joe.lock());
    let wrong = ["0".repeat(64), "x".to_owned(), joe.token.clone()];
    for token in wrong {
        let refused = ask_token(&server, &authorization, &format!("token={token}"));
        assert_error(&refused, 401, "Client not authorized.");
    }
    let two = ask_token(&server, &authorization, "token=a&other=b");
    assert_error(&two, 400, "the form must hold the current token");
    // It still holds, and still has the lock.
    assert_nothing(&joe.unlock());
    // Without the password a token renews nothing.
    let bearer = format!("Bearer {}", joe.token);
    let refused = ask_token(&server, &bearer, &format!("token={}", joe.token));
    assert_error(&refused, 401, "Client not authorized.");
    ask_token(
        &server,
        &basic("joe", PASSWORD),
        &format!("token={}", joe.token),
    )
    .expect(200);
}

#[test]
fn the_lock_outlives_the_process_and_so_do_the_edits_under_it() {
    let mut server = Server::start();
    let client = Client::editor(&server);
    client.add(&record("r1")).expect(200);
    let token = client.token;
    server.kill_and_restart();
    let client = Client {
        server: &server,
        token,
    };
    assert_error(&Client::administrator(&server).lock(), 423, BY_ANOTHER);
    client.csr("r1");
    client.activate();
}

/// How many of these are 204, the rest being refusals for one reason.
#[track_caller]
fn winners(answers: &[Answer]) -> usize {
    let won = answers.iter().filter(|answer| answer.status == 204);
    for lost in answers.iter().filter(|answer| answer.status != 204) {
        assert_error(lost, 423, BY_ANOTHER);
    }
    won.count()
}

#[test]
fn of_many_who_want_the_lock_exactly_one_gets_it() {
    let server = Server::start();
    let clients: Vec<Client<'_>> = (0..8).map(|_| Client::administrator(&server)).collect();
    for round in 0..12 {
        let answers: Vec<Answer> = thread::scope(|scope| {
            let started: Vec<_> = clients
                .iter()
                .map(|client| scope.spawn(|| client.lock()))
                .collect();
            started.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert_eq!(winners(&answers), 1, "round {round}");
        let owner = answers
            .iter()
            .position(|answer| answer.status == 204)
            .unwrap();
        assert_nothing(&clients[owner].unlock());
    }
}

/// One who edits while the lock is taken away, and one who takes it: no edit of the first lands under the second's lock.
#[test]
fn edits_and_the_loss_of_the_lock_do_not_overlap() {
    let server = Server::start();
    let first = Client::administrator(&server);
    let second = Client::administrator(&server);
    for round in 0..8 {
        assert_nothing(&first.lock());
        thread::scope(|scope| {
            let edits = scope.spawn(|| {
                let names = (0..6).map(|edit| format!("r{round}-{edit}"));
                names
                    .map(|name| first.add(&record(&name)).status)
                    .collect::<Vec<u16>>()
            });
            assert_nothing(&first.unlock());
            assert_nothing(&second.lock());
            let statuses = edits.join().unwrap();
            assert!(
                statuses.iter().all(|status| [200, 423].contains(status)),
                "{statuses:?}"
            );
        });
        let list = second.get(&format!("{ELEMENTS}?elementType=certificate-record"));
        assert!(list.expect(200).text().contains("<data/>"), "round {round}");
        assert_nothing(&second.unlock());
    }
}

/// Edits of one element at the same moment are done one after the other: none is sent away because others were faster.
#[test]
fn fifty_edits_of_one_element_at_once_are_all_done() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&record("r")).expect(200);
    let names = ["state", "locality", "organization", "unit", "common-name"];
    let edit = |nth: usize| {
        let value = format!("v{nth}");
        let attributes = [("name", "r"), (names[nth % names.len()], value.as_str())];
        let change = element("certificate-record", &attributes);
        client.put(&change).status
    };
    let statuses: Vec<u16> = thread::scope(|scope| {
        let edit = &edit;
        let started: Vec<_> = (0..50).map(|nth| scope.spawn(move || edit(nth))).collect();
        started.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(statuses, [200; 50]);
    let shown = client.show("certificate-record", "r").expect(200);
    for (at, name) in names.iter().enumerate() {
        let value = values(&shown, name).remove(0);
        let nth: usize = value.strip_prefix('v').unwrap().parse().unwrap();
        assert_eq!(nth % names.len(), at, "{name}: {value}");
    }
}
