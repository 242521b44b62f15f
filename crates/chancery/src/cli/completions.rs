//! `completions`: what a shell needs to complete our commands.

use clap::{Args, Command};
use clap_complete::Shell;

use super::failure::Failure;
use super::output;

const EXAMPLES: &str = "\
Examples:
  chancery completions bash > ~/.local/share/bash-completion/completions/chancery
  chancery completions zsh > ~/.zfunc/_chancery
  chancery completions fish > ~/.config/fish/completions/chancery.fish";

/// For which shell.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints them.
pub(crate) fn run(args: CompletionsArgs, mut grammar: Command) -> Result<(), Failure> {
    let name = grammar.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut grammar, name, &mut script);
    output::bytes(&script)
}
