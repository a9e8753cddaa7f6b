//! Many callers at a time, and callers who give up.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{History, answered, begin_marks, leave_marks, marks, marks_are, stored};
use crate::repository::{Repository, Stored, Swap};

pub(super) async fn check<R: Repository>(
    fresh: &mut impl AsyncFnMut() -> [R; 2],
    history: History,
) {
    for _ in 0..ROUNDS {
        one_makes_the_ring(fresh().await.map(Arc::new)).await;
    }
    no_write_is_lost(fresh().await.map(Arc::new), history).await;
    a_caller_gives_up(&fresh().await, history).await;
}

/// Whatever their generations: a ring may come from elsewhere.
async fn one_makes_the_ring<R: Repository>(repositories: [Arc<R>; 2]) {
    let together = Arc::new(Barrier::new(CALLERS));
    let mut callers = JoinSet::new();
    for (number, repository) in repositories.iter().cycle().take(CALLERS).enumerate() {
        let (repository, together) = (Arc::clone(repository), Arc::clone(&together));
        let new = stored(1 + number as u64 % 3, format!("ring {number}"));
        callers.spawn(async move {
            together.wait().await;
            let made = repository.compare_and_swap(None, &new).await;
            (answered("compare_and_swap", made) == Swap::Done).then_some(new)
        });
    }
    let made: Vec<Stored> = callers.join_all().await.into_iter().flatten().collect();
    let found = match &repositories {
        [one, _] => answered("read", one.read().await),
    };
    rule!(
        made.len() == 1 && found.as_ref() == made.first(),
        "of {CALLERS} who make a ring one does: {made:?} did, and there is {found:?}"
    );
}

async fn no_write_is_lost<R: Repository>(repositories: [Arc<R>; 2], history: History) {
    let mut writers = JoinSet::new();
    let mut expected = Vec::new();
    for (number, repository) in repositories.iter().cycle().take(CALLERS).enumerate() {
        let (repository, who) = (Arc::clone(repository), format!("w{number}"));
        expected.extend((0..ROUNDS).map(|round| format!("{who}-{round}")));
        writers.spawn(async move {
            begin_marks(&repository).await;
            leave_marks(&repository, &who, ROUNDS, |_| {}).await;
        });
    }
    writers.join_all().await;
    for repository in &repositories {
        marks_are(repository, expected.clone(), history).await;
    }
}

/// A write whose caller is gone is done or not, and nobody waits for it.
async fn a_caller_gives_up<R: Repository>([one, other]: &[R; 2], history: History) {
    begin_marks(one).await;
    for round in 0..ROUNDS {
        {
            let who = format!("gone{round}");
            let mut call = pin!(leave_marks(one, &who, 1, |_| {}));
            let mut polls = 0;
            // A few steps, each time one more, and then the future is dropped.
            poll_fn(|context| {
                polls += 1;
                if polls > round || call.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                Poll::Pending
            })
            .await;
        }
        leave_marks(other, &format!("here{round}"), 1, |_| {}).await;
    }
    leave_marks(one, "last", 1, |_| {}).await;
    let found = marks(other).await;
    for round in 0..ROUNDS {
        let mark = format!("here{round}-0");
        rule!(
            found.contains(&mark),
            "{mark} was acknowledged, and is there"
        );
    }
    marks_are(other, found, history).await;
}

/// How many at once.
const CALLERS: usize = 8;

const ROUNDS: usize = 10;
