//! `whoami`: the user that the server takes the caller for.

use serde_json::Value;

use super::Context;
use super::address::Resource;
use super::failure::Failure;
use super::user;

/// Asks the server.
pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    let mut answer = context.client()?.read(&Resource::new(&["whoami"]))?;
    let caller = answer.get_mut("user").map(Value::take);
    user::print(&caller.unwrap_or_default(), context)
}
