//! `privyseal session list`

use std::fmt::Write as _;

use anyhow::{Context, Result};
use clap::Args;
use privyseal_session::SessionInfo;
use privyseal_session::store::Subject;
use serde::Serialize;

use super::Place;
use crate::Answer;
use crate::clock::rfc3339;
use crate::output::{Output, visible};

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal session list --subject user-4711
  privyseal session list --subject user-4711 --store-file /etc/privyseal/store.url --json")]
pub(crate) struct Arguments {
    /// The user, as the application names them
    #[arg(long, value_name = "USER")]
    subject: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Listed {
    sessions: Vec<Session>,
}

/// A session, without what is in it. Its id names it and opens nothing.
#[derive(Serialize)]
struct Session {
    id: String,
    label: Option<String>,
    began_at: String,
    signed_in_at: Option<String>,
    last_seen_at: String,
    expires_at: String,
    level: u8,
    remembered: bool,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let subject = Subject::new(self.subject)?;
        let sessions = self.place.run(async |engine| {
            let sessions = engine.sessions_of(&subject).await;
            sessions.context("could not list the sessions")
        })?;
        let listed = Listed {
            sessions: sessions.into_iter().map(Session::from).collect(),
        };
        output.print(&listed.to_text(), &listed)?;
        Ok(Answer::Yes)
    }
}

impl From<SessionInfo> for Session {
    fn from(session: SessionInfo) -> Self {
        Self {
            id: session.id.to_string(),
            label: session.label,
            began_at: rfc3339(session.created_at),
            signed_in_at: session.signed_in_at.map(rfc3339),
            last_seen_at: rfc3339(session.last_seen),
            expires_at: rfc3339(session.expires_at),
            level: session.level,
            remembered: session.remembered,
        }
    }
}

impl Listed {
    fn to_text(&self) -> String {
        if self.sessions.is_empty() {
            return "no sessions\n".to_owned();
        }
        let mut text = String::new();
        for session in &self.sessions {
            if !text.is_empty() {
                text.push('\n');
            }
            let label = session.label.as_deref().map(visible);
            for (name, value) in [
                ("id", Some(&session.id)),
                ("label", label.as_ref()),
                ("began", Some(&session.began_at)),
                ("signed in", session.signed_in_at.as_ref()),
                ("last seen", Some(&session.last_seen_at)),
                ("expires", Some(&session.expires_at)),
            ] {
                if let Some(value) = value {
                    let _ = writeln!(text, "{name:<10} {value}");
                }
            }
        }
        text
    }
}
