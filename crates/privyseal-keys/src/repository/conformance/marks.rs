//! Rings that say who has written them, so that a write that is lost is missed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{History, answered, stored};
use crate::repository::{KEPT_GENERATIONS, Repository, Stored, Swap};

/// Makes the ring that [`leave_marks`] writes to, or finds that somebody else was faster.
///
/// # Panics
/// When it cannot be made.
pub async fn begin_marks(repository: &impl Repository) {
    let made = repository.compare_and_swap(None, &stored(1, TITLE)).await;
    let _: Swap = answered("compare_and_swap", made);
}

/// Replaces the ring so many times by itself and a mark of this writer, `who-0`, `who-1`, ...;
/// again and again where others are faster, or the repository is away. Says so of each mark that
/// was acknowledged.
///
/// # Panics
/// When there is no ring, or an answer makes no sense.
pub async fn leave_marks(
    repository: &impl Repository,
    who: &str,
    count: usize,
    mut acknowledged: impl FnMut(&str),
) {
    for number in 0..count {
        let mark = format!("{who}-{number}");
        while !leave(repository, &mark).await {}
        acknowledged(&mark);
    }
}

/// Tries once; whether the mark is there.
async fn leave(repository: &impl Repository, mark: &str) -> bool {
    let old = match repository.read().await {
        Err(error) if error.is_unavailable() => {
            tokio::time::sleep(PAUSE).await;
            return false;
        }
        old => answered("read", old),
    };
    let Some(old) = old else {
        panic!("the contract is broken: a ring that was there is read as one that never was")
    };
    // A write of which nothing was known was done.
    if marks_of(&old).contains(&mark) {
        return true;
    }
    let line = format!("{mark}\n");
    let new = stored(old.generation + 1, [&old.bytes, line.as_bytes()].concat());
    match repository
        .compare_and_swap(Some(old.generation), &new)
        .await
    {
        Ok(swap) => swap == Swap::Done,
        Err(error) if error.is_unavailable() => {
            tokio::time::sleep(PAUSE).await;
            false
        }
        Err(error) => panic!("compare_and_swap failed with a working repository: {error:?}"),
    }
}

/// The marks in the ring, in the order in which they were left.
///
/// # Panics
/// When there is no ring, or it is none that [`leave_marks`] has written.
pub async fn marks(repository: &impl Repository) -> Vec<String> {
    let found = answered("read", repository.read().await);
    let Some(found) = found else {
        panic!("the contract is broken: a ring that was there is read as one that never was")
    };
    marks_of(&found).into_iter().map(str::to_owned).collect()
}

/// Checks that exactly these marks are in the ring, each once, that there was one generation for
/// each, and that the history says so, too.
///
/// # Panics
/// When it is not so.
pub async fn marks_are(
    repository: &impl Repository,
    expected: impl IntoIterator<Item = String>,
    history: History,
) {
    let found = marks(repository).await;
    let expected: BTreeSet<String> = expected.into_iter().collect();
    let lost: Vec<&String> = expected
        .iter()
        .filter(|mark| !found.contains(mark))
        .collect();
    rule!(lost.is_empty(), "no write is lost, but {lost:?} were");
    rule!(
        found.len() == expected.len(),
        "each write is done once: {} were done {} times",
        expected.len(),
        found.len()
    );
    generations_are_gapless(repository, history).await;
}

/// Each generation of the history is the one before it and one mark more.
async fn generations_are_gapless(repository: &impl Repository, history: History) {
    let past = answered("history", repository.history(usize::MAX).await);
    let written = past
        .first()
        .map_or(0, |present| marks_of(present).len() + 1);
    let kept = match history {
        History::Kept => KEPT_GENERATIONS.min(written),
        History::None => 1,
    };
    rule!(
        past.len() == kept,
        "{kept} generations are kept, not {}",
        past.len()
    );
    for (age, stored) in past.iter().enumerate() {
        let count = marks_of(stored).len();
        rule!(
            count + 1 + age == written && stored.generation == count as u64 + 1,
            "generations have no gap, but {stored:?} has {count} marks"
        );
    }
    for pair in past.windows(2) {
        if let [later, earlier] = pair {
            rule!(
                later.bytes.starts_with(&earlier.bytes),
                "{later:?} is made from {earlier:?}"
            );
        }
    }
}

fn marks_of(stored: &Stored) -> Vec<&str> {
    let text = str::from_utf8(&stored.bytes).ok();
    match text.and_then(|text| text.strip_prefix(TITLE)) {
        Some(marks) => marks.lines().collect(),
        None => panic!("the contract is broken: bytes came back that nobody wrote"),
    }
}

const TITLE: &str = "marks:\n";

/// An outage is no reason to spin.
const PAUSE: Duration = Duration::from_millis(10);
