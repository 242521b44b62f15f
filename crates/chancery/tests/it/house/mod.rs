//! The rules of the house that neither the compiler nor Cargo can hold: one pure function a rule, from the root of the
//! repository to its violations, and one test a rule that says what to do about them. `bites` proves on a scratch tree
//! that each rule sees what it is for. A part of the tree that does not exist breaks no rule.

mod apis;
#[cfg(test)] // by which clippy knows that all in it is test
mod bites;
mod borders;
mod shape;
mod source;

use std::path::Path;

/// From the root of the repository to what is wrong there, one line each: place, fault, remedy.
type Rule = fn(&Path) -> Vec<String>;

#[track_caller]
fn holds(rule: Rule) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let wrong = rule(&root);
    assert!(
        wrong.is_empty(),
        "{} broken (CONTRIBUTING.md gives the reasons):\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn imports_go_one_way() {
    holds(borders::manifests);
}

#[test]
fn sql_is_in_the_store() {
    holds(borders::sql_in_the_store);
}

#[test]
fn rusqlite_is_in_the_store() {
    holds(borders::rusqlite_in_the_store);
}

#[test]
fn the_store_is_private() {
    holds(borders::private_store);
}

#[test]
fn core_is_pure() {
    holds(borders::pure_core);
}

#[test]
fn no_api_names_another() {
    holds(borders::apis_apart);
}

#[test]
fn every_api_has_its_files() {
    holds(apis::api_folders);
}

#[test]
fn every_route_is_in_its_readme() {
    holds(apis::routes_in_readme);
}

#[test]
fn error_tables_are_exhaustive() {
    holds(apis::exhaustive_errors);
}

#[test]
fn files_are_short() {
    holds(shape::file_lengths);
}

#[test]
fn functions_are_short() {
    holds(shape::function_lengths);
}

#[test]
fn every_source_file_says_what_it_is() {
    holds(shape::module_headers);
}

#[test]
fn names_tell_something() {
    holds(shape::telling_names);
}

#[test]
fn exemptions_give_their_reason() {
    holds(shape::reasons_for_exemptions);
}

#[test]
fn nothing_is_left_unfinished() {
    holds(shape::finished);
}

#[test]
fn getters_are_named_after_what_they_give() {
    holds(shape::plain_getters);
}

#[test]
fn no_path_of_a_machine_is_written_down() {
    holds(shape::no_paths_of_a_machine);
}

#[test]
fn the_front_documents_exist() {
    holds(shape::front_documents);
}

#[test]
fn decisions_are_numbered() {
    holds(shape::numbered_decisions);
}
