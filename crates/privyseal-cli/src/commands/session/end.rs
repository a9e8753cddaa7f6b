//! `privyseal session end`

use anyhow::{Context, Result};
use clap::Args;
use privyseal_session::Engine;
use privyseal_session::store::Subject;
use serde::Serialize;

use super::Place;
use crate::Answer;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal session end --id 3fa94c0de86b7215a90f4e1c72b8d653
  privyseal session end --subject user-4711 --store-file /etc/privyseal/store.url
  privyseal session end --all --confirm all")]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Say it twice: `--all` ends everybody's sessions only with `--confirm all`
    #[arg(long, value_name = "all", requires = "all")]
    confirm: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Which {
    /// The session of this id, whoever has it
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Every session of this user, as the application names them
    #[arg(long, value_name = "USER")]
    subject: Option<String>,
    /// Every session of the application
    ///
    /// It is noted in the log of revocations, so the application's engine has to have it.
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Ended {
    /// How many sessions the store knew, where it can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    known_sessions: Option<u64>,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        if self.which.all && self.confirm.as_deref() != Some("all") {
            return Err(Failure::new(
                "this would end the sessions of all users, who would have to sign in again",
                "if that is what you want, say `--confirm all` as well",
            )
            .into());
        }
        let Self { which, place, .. } = self;
        let (text, ended) = place.run(async |engine| {
            let ended = which.end(engine).await;
            ended.context("could not end the sessions")
        })?;
        output.print(&text, &ended)?;
        Ok(Answer::Yes)
    }
}

impl Which {
    async fn end(&self, engine: Engine) -> Result<(String, Ended)> {
        if let Some(id) = &self.id {
            let id = id.parse()?;
            engine.end_session(id).await?;
            return Ok((
                "the session has ended\n".to_owned(),
                Ended {
                    known_sessions: None,
                },
            ));
        }
        if let Some(subject) = &self.subject {
            let subject = Subject::new(subject.as_str())?;
            let known = engine.end_all_of(&subject).await?;
            let text = format!(
                "ended {known} sessions in the store; those in cookies are refused from now on\n"
            );
            return Ok((
                text,
                Ended {
                    known_sessions: Some(known),
                },
            ));
        }
        engine.end_everything().await?;
        Ok((
            "the sessions of all users are refused from now on\n".to_owned(),
            Ended {
                known_sessions: None,
            },
        ))
    }
}
