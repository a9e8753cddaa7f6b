//! `privyseal man`

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use clap_mangen::Man;
use serde::Serialize;

use crate::Answer;
use crate::output::Output;

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal man ~/.local/share/man/man1
  privyseal man | man -l -")]
pub(crate) struct Arguments {
    /// Directory to write a page for every command into, `-` for the first page to standard output
    #[arg(value_name = "DIR", default_value = "-")]
    directory: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Manual {
    Page(String),
    Directory(PathBuf),
}

impl Arguments {
    pub(super) fn run(self, output: Output, program: clap::Command) -> Result<Answer> {
        if self.directory == Path::new("-") {
            let mut page = Vec::new();
            Man::new(program).render(&mut page)?;
            let page = String::from_utf8(page)?;
            output.print(&page.clone(), &Manual::Page(page))?;
        } else {
            fs::create_dir_all(&self.directory)
                .and_then(|()| clap_mangen::generate_to(program, &self.directory))
                .with_context(|| format!("could not write to {}", self.directory.display()))?;
            output.print("", &Manual::Directory(self.directory))?;
        }
        Ok(Answer::Yes)
    }
}
