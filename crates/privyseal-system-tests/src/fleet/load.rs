//! Visitors who ask all nodes in turn, while something happens to their keys.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{MODES, Seen, Visitor};

/// Signed-in visitors, each a thread, until they are told to stop.
#[derive(Debug)]
pub struct Load {
    visitors: Vec<JoinHandle<Result<Report>>>,
    stop: Arc<AtomicBool>,
    requests: Arc<AtomicU64>,
}

/// What became of their requests.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many there were.
    pub requests: u64,
    /// Those that were answered as if nobody was signed in.
    pub refused: u64,
    /// Those that were answered with 503.
    pub unavailable: u64,
    /// Answers that told a browser to forget its cookie.
    pub deletions: u64,
    /// Notes that were acknowledged and not there afterwards.
    pub lost_notes: u64,
    /// Answers that make no sense, the first of each visitor.
    pub other: Vec<String>,
    /// How long the slowest took.
    pub slowest: Duration,
}

impl Load {
    /// Signs visitors in, in every mode, and lets them ask.
    ///
    /// # Errors
    /// When one is not let in.
    pub fn start(nodes: &[SocketAddr], visitors: usize) -> Result<Self> {
        let mut load = Self {
            visitors: Vec::new(),
            stop: Arc::default(),
            requests: Arc::default(),
        };
        let places = nodes.iter().cycle().zip(MODES.iter().cycle());
        for (number, (node, mode)) in places.take(visitors).enumerate() {
            let visitor = Visitor::signed_in(*node, mode, &format!("ada{number}"))?;
            let mut client = Client {
                nodes: nodes.to_vec(),
                visitor,
                note: Expected::Known(None),
                report: Report::default(),
            };
            let (stop, requests) = (Arc::clone(&load.stop), Arc::clone(&load.requests));
            load.visitors.push(thread::spawn(move || {
                // Not all at the same node at once.
                let mut round = number;
                while !stop.load(Ordering::Relaxed) {
                    client.round(round)?;
                    requests.fetch_add(1, Ordering::Relaxed);
                    round += 1;
                }
                client.report.deletions = client.visitor.deletions();
                Ok(client.report)
            }));
        }
        Ok(load)
    }

    /// Waits until there were this many more requests.
    ///
    /// # Errors
    /// When there are not within a minute.
    pub fn goes_on(&self, more: u64) -> Result<()> {
        let (enough, start) = (self.requests.load(Ordering::Relaxed) + more, Instant::now());
        while self.requests.load(Ordering::Relaxed) < enough {
            if start.elapsed() > Duration::from_mins(1) {
                bail!("the visitors are not served");
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Lets the visitors finish; what became of all their requests.
    ///
    /// # Errors
    /// When one was not answered at all.
    pub fn stop(self) -> Result<Report> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Report::default();
        for visitor in self.visitors {
            let report = visitor.join().ok().context("a visitor panicked")??;
            all.add(report);
        }
        Ok(all)
    }
}

impl Report {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.refused += other.refused;
        self.unavailable += other.unavailable;
        self.deletions += other.deletions;
        self.lost_notes += other.lost_notes;
        self.other.extend(other.other);
        self.slowest = self.slowest.max(other.slowest);
    }
}

struct Client {
    nodes: Vec<SocketAddr>,
    visitor: Visitor,
    note: Expected,
    report: Report,
}

/// What the next page has to show as the note.
#[derive(Debug)]
enum Expected {
    Known(Option<String>),
    /// The last write was not answered with yes or no.
    Unknown,
}

impl Client {
    fn round(&mut self, round: usize) -> Result<()> {
        let node = self.nodes.iter().cycle().nth(round % self.nodes.len());
        let node = *node.context("there is a node")?;
        let began = Instant::now();
        if round.is_multiple_of(WRITE_EVERY) && !matches!(self.note, Expected::Unknown) {
            self.write(node, round)?;
        } else {
            self.read(node)?;
        }
        self.report.slowest = self.report.slowest.max(began.elapsed());
        self.report.requests += 1;
        Ok(())
    }

    fn read(&mut self, node: SocketAddr) -> Result<()> {
        match self.visitor.look(node)? {
            Seen::SignedIn(shown) => {
                if let Expected::Known(expected) = &self.note {
                    self.report.lost_notes += u64::from(shown != *expected);
                }
                self.note = Expected::Known(shown);
            }
            Seen::Stranger => self.report.refused += 1,
            Seen::Unavailable => self.report.unavailable += 1,
            Seen::Other(status, body) => self.other(status, &body),
        }
        Ok(())
    }

    fn write(&mut self, node: SocketAddr, round: usize) -> Result<()> {
        // For the token of the form.
        self.read(node)?;
        let text = format!("note{round}");
        match self.visitor.write(node, &text)? {
            303 => self.note = Expected::Known(Some(text)),
            503 => {
                self.report.unavailable += 1;
                self.note = Expected::Unknown;
            }
            status => self.other(status, "to a note"),
        }
        Ok(())
    }

    fn other(&mut self, status: u16, what: &str) {
        if self.report.other.is_empty() {
            self.report.other.push(format!("{status}: {what}"));
        }
    }
}

/// One request in so many changes the session.
const WRITE_EVERY: usize = 10;
