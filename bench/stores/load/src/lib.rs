//! How the benchmarks of stores make requests and measure them.
//!
//! A worker process holds contenders: applications with sessions in a store. It reads orders from
//! its standard input, one line of JSON each, and answers each with one line. Ours and the peers
//! are in different processes, since one program can have one SQLite only; all that differs
//! between the processes is how their handlers get at a session.

mod actix;
mod axum;
mod sample;
mod worker;

use std::pin::Pin;

use anyhow::Result;
use serde::{Deserialize, Serialize};

pub use actix::ActixApp;
pub use axum::AxumApp;
pub use sample::visit;
pub use worker::serve;

/// An application that answers requests.
pub trait Contender: Send + Sync {
    /// Makes sessions, so many in all.
    fn fill(&self, sessions: usize) -> Waiting<'_, Result<()>>;

    /// Makes requests for a while.
    fn run<'a>(&'a self, job: &'a Job) -> Waiting<'a, Result<Outcome>>;
}

/// A future whose type is nobody's business.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a worker is told to do.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Open a contender under a name of the caller's.
    Open {
        /// Its name from now on.
        name: String,
        /// Which one.
        contender: String,
        /// Where its store is.
        url: String,
    },
    /// Make sessions.
    Fill {
        /// Of which contender.
        name: String,
        /// How many in all.
        sessions: usize,
    },
    /// Make requests.
    Run {
        /// Of which contender.
        name: String,
        /// Which, and for how long.
        job: Job,
    },
}

/// Requests for a while.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Job {
    /// What they do to their session.
    pub kind: Kind,
    /// How many visitors make them, each one after the other and each in its own session.
    pub visitors: usize,
    /// For how long, in milliseconds.
    pub millis: u64,
    /// Every request is in another session, at random among all.
    pub scattered: bool,
    /// Visitors who read their session every few milliseconds meanwhile, whatever the answer is,
    /// and who are not measured.
    pub beside: usize,
}

/// What a request does to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It carries the cookie, and the handler does not ask for the session.
    Untouched,
    /// The handler reads the session.
    Read,
    /// The handler reads the session, and the time of its last use is written.
    Touch,
    /// The handler reads the session and counts in it.
    Write,
}

impl Kind {
    /// The path of such a request.
    pub fn path(self) -> &'static str {
        match self {
            Self::Untouched => "/",
            Self::Read | Self::Touch => "/read",
            Self::Write => "/write",
        }
    }
}

/// What a job took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// How many requests were answered.
    pub requests: u64,
    /// The time from the first to the last, in nanoseconds.
    pub took_ns: u64,
    /// The time of a request that half of them were faster than, in nanoseconds.
    pub p50_ns: u32,
    /// The time that 99 of 100 were faster than.
    pub p99_ns: u32,
    /// How often the store was called.
    pub calls: u64,
}

/// What the handlers keep: about 100 bytes of JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Visitor {
    /// A number.
    pub user_id: u64,
    /// A text.
    pub name: String,
    /// A longer one.
    pub csrf_token: String,
    /// What a write changes.
    pub visits: u32,
}

impl Visitor {
    /// Counts one more visit.
    pub fn visit(&mut self) {
        if self.name.is_empty() {
            self.user_id = 1042;
            "Zoë".clone_into(&mut self.name);
            "hT3kZq0V_xW8yNfJ2mLs7RbGdPa5UeIoK1cY4uX9vA".clone_into(&mut self.csrf_token);
        }
        self.visits += 1;
    }

    /// Whether the session was found: a reader that finds none would be fast for the wrong reason.
    pub fn is_known(&self) -> bool {
        self.visits > 0
    }
}
