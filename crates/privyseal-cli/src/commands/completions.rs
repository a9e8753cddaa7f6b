//! `privyseal completions`

use anyhow::Result;
use clap::Args;
use clap_complete::Shell;
use serde::Serialize;

use crate::Answer;
use crate::output::Output;

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal completions bash > ~/.local/share/bash-completion/completions/privyseal
  privyseal completions fish > ~/.config/fish/completions/privyseal.fish")]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

#[derive(Serialize)]
struct Completions {
    shell: String,
    script: String,
}

impl Arguments {
    pub(super) fn run(self, output: Output, mut program: clap::Command) -> Result<Answer> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "privyseal", &mut script);
        let completions = Completions {
            shell: self.shell.to_string(),
            script: String::from_utf8(script)?,
        };
        output.print(&completions.script, &completions)?;
        Ok(Answer::Yes)
    }
}
