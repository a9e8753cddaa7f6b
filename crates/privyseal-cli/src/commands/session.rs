//! `privyseal session`

mod end;
mod list;

use std::future::Future;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use privyseal_server::sessions_in;
use privyseal_session::Engine;

use crate::Answer;
use crate::failure::Failure;
use crate::output::Output;
use crate::store::{DATA_DIRECTORY, StoreFlags};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the sessions of a user
    List(list::Arguments),
    /// End one session, those of a user, or all
    End(end::Arguments),
}

impl Command {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        match self {
            Self::List(arguments) => arguments.run(output),
            Self::End(arguments) => arguments.run(output),
        }
    }
}

/// Where the sessions are that somebody else serves, and of which application.
#[derive(Args, Debug)]
struct Place {
    /// Data directory of the server, whose sessions are meant unless they are elsewhere
    #[arg(long, value_name = "DIR", default_value = DATA_DIRECTORY)]
    data_dir: PathBuf,
    #[command(flatten)]
    store: StoreFlags,
    /// Name of the application, if its engine was given one
    ///
    /// Its users are not those of another application, in the store as in the log of revocations.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    application: String,
}

impl Place {
    /// Runs what is to be done with the sessions there.
    fn run<T, W: Future<Output = Result<T>>>(&self, work: impl FnOnce(Engine) -> W) -> Result<T> {
        let store = self.store.url(&self.data_dir)?;
        if store.kind() == "memory" {
            return Err(Failure::new(
                "sessions in memory are known to the process alone that serves them",
                "restart that process, which ends them all",
            )
            .into());
        }
        // A path that is mistyped must not become a new, empty store.
        if let Some(path) = store.sqlite_path()
            && !path.try_exists().unwrap_or(true)
        {
            return Err(Failure::new(
                format!("there are no sessions in {}", path.display()),
                "name the directory of the server with --data-dir, or the store with --store",
            )
            .into());
        }
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("could not start")?
            .block_on(async {
                let engine = sessions_in(&store).await?;
                work(engine.with_application(&self.application)).await
            })
    }
}
