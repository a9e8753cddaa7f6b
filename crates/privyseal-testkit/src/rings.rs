//! Repositories of key rings under many processes, and with servers that are ended.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test fails when its helpers do"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use privyseal_keys::repository::conformance::{
    History, begin_marks, leave_marks, marks, marks_are,
};
use privyseal_keys::repository::{Repository, RepositoryError, Stored, Swap};
use tokio::task::JoinSet;

use crate::servers::Restart;
use crate::sibling::{all_at_once, told_database_and_to_go};

/// Lets eight processes replace one ring at once, each by running this test of ours, and checks
/// that no write was lost; then the same without the condition, where writes have to get lost, or
/// this would prove nothing.
///
/// The test calls [`Order::told`], opens the place of its order, and [obeys](Order::obey).
pub async fn eight_processes_lose_nothing<R: Repository>(
    test: &str,
    places: [&str; 2],
    open: impl AsyncFn(&str) -> R,
) {
    eight_processes_lose_nothing_with(WRITES, History::Kept, test, places, open).await;
}

/// The same for a repository that has this history, with so many writes of each process.
pub async fn eight_processes_lose_nothing_with<R: Repository>(
    writes: usize,
    history: History,
    test: &str,
    [place, other]: [&str; 2],
    open: impl AsyncFn(&str) -> R,
) {
    let repository = open(place).await;
    begin_marks(&repository).await;
    race(test, place, writes, Manner::Compare);
    marks_are(&repository, all_marks(writes), history).await;
    drop(repository);

    let control = open(other).await;
    begin_marks(&control).await;
    race(test, other, writes, Manner::Overwrite);
    let written = all_marks(writes).count();
    let lost = written - marks(&control).await.len();
    assert!(lost > 0, "writes without a condition get lost");
    report(written, lost);
}

#[expect(clippy::print_stdout, reason = "`--nocapture` shows it")]
fn report(written: usize, lost: usize) {
    println!("of {written} writes none was lost, and {lost} without the condition");
}

fn race(test: &str, place: &str, writes: usize, manner: Manner) {
    let orders: Vec<String> = (0..PROCESSES)
        .map(|who| format!("p{who} {writes} {manner:?} {place}"))
        .collect();
    all_at_once(&orders, test);
}

fn all_marks(writes: usize) -> impl Iterator<Item = String> {
    (0..PROCESSES).flat_map(move |who| (0..writes).map(move |number| format!("p{who}-{number}")))
}

/// What one of the processes is to do.
#[derive(Debug)]
pub struct Order {
    who: String,
    writes: usize,
    manner: Manner,
    /// Where the ring is: a path, or a URL.
    pub place: String,
}

/// How a ring is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Compare,
    Overwrite,
}

impl Order {
    /// The order of this process, at the moment when all begin; nothing in the process that runs
    /// all tests.
    pub fn told() -> Option<Self> {
        let order = told_database_and_to_go()?;
        let mut words = order.splitn(4, ' ');
        let mut word = || words.next().unwrap().to_owned();
        Some(Self {
            who: word(),
            writes: word().parse().unwrap(),
            manner: if word() == "Compare" {
                Manner::Compare
            } else {
                Manner::Overwrite
            },
            place: word(),
        })
    }

    /// The order of a process that is alone.
    pub fn alone(place: impl Into<String>) -> Self {
        Self {
            who: "p0".to_owned(),
            writes: WRITES,
            manner: Manner::Compare,
            place: place.into(),
        }
    }

    /// Replaces the ring by itself and a mark, again and again.
    pub async fn obey(&self, repository: impl Repository) {
        begin_marks(&repository).await;
        match self.manner {
            Manner::Compare => leave_marks(&repository, &self.who, self.writes, |_| {}).await,
            Manner::Overwrite => {
                leave_marks(&Overwriting(repository), &self.who, self.writes, |_| {}).await;
            }
        }
    }
}

/// A repository as somebody would use it who does not compare.
struct Overwriting<R>(R);

impl<R: Repository> Repository for Overwriting<R> {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        self.0.read().await
    }

    async fn compare_and_swap(
        &self,
        _: Option<u64>,
        new: &Stored,
    ) -> Result<Swap, RepositoryError> {
        loop {
            let present = self.0.read().await?.unwrap();
            let new = Stored {
                generation: present.generation + 1,
                bytes: new.bytes.clone(),
            };
            let swapped = self
                .0
                .compare_and_swap(Some(present.generation), &new)
                .await?;
            if swapped == Swap::Done {
                return Ok(Swap::Done);
            }
        }
    }
}

/// Ends the server of a ring while it is written to, by a signal that it cannot hear and by one
/// that it can, and checks that what was acknowledged is there, that calls meanwhile say that the
/// ring cannot be reached and never that there is none, and that they succeed again.
pub async fn servers_come_back<R: Repository>(repository: R, server: &mut impl Restart) {
    let load = Load::start(Arc::new(repository)).await;
    for kill in [true, false] {
        load.goes_on().await;
        if kill {
            server.kill();
        } else {
            server.stop();
        }
        says_unavailable(load.repository.read()).await;
        let lost = Stored {
            generation: 2,
            bytes: b"in an outage".to_vec(),
        };
        says_unavailable(load.repository.compare_and_swap(Some(1), &lost)).await;
        says_unavailable(load.repository.history(9)).await;
        server.restart().unwrap();
    }
    load.goes_on().await;
    load.was_kept().await;
}

async fn says_unavailable<T>(answer: impl Future<Output = Result<T, RepositoryError>>) {
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    let error = answer.unwrap().err();
    assert!(
        error.as_ref().is_some_and(RepositoryError::is_unavailable),
        "the server is gone, and the answer is {error:?}"
    );
}

/// Writers that go on through the outages.
struct Load<R> {
    repository: Arc<R>,
    writers: JoinSet<Vec<String>>,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
}

impl<R: Repository> Load<R> {
    async fn start(repository: Arc<R>) -> Self {
        begin_marks(&repository).await;
        let mut load = Self {
            repository,
            writers: JoinSet::new(),
            stop: Arc::default(),
            acknowledged: Arc::default(),
        };
        for writer in 0..4 {
            let (stop, acknowledged) = (Arc::clone(&load.stop), Arc::clone(&load.acknowledged));
            let repository = Arc::clone(&load.repository);
            load.writers.spawn(async move {
                let mut left = Vec::new();
                while !stop.load(Ordering::Acquire) {
                    let who = format!("w{writer}.{}", left.len());
                    leave_marks(&repository, &who, 1, |mark| left.push(mark.to_owned())).await;
                    acknowledged.fetch_add(1, Ordering::AcqRel);
                }
                left
            });
        }
        load
    }

    /// Waits until more was written.
    async fn goes_on(&self) {
        let enough = self.acknowledged.load(Ordering::Acquire) + 40;
        let late = Instant::now() + PATIENCE;
        while self.acknowledged.load(Ordering::Acquire) < enough {
            assert!(Instant::now() < late, "nothing is acknowledged");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn was_kept(self) {
        self.stop.store(true, Ordering::Release);
        let left = self.writers.join_all().await;
        marks_are(&self.repository, left.into_iter().flatten(), History::Kept).await;
    }
}

const PROCESSES: usize = 8;

/// How often each of them replaces the ring, where a write does not take long.
const WRITES: usize = 20;

/// For machines that have much else to do.
const PATIENCE: Duration = Duration::from_mins(1);
