//! How readers learn of a new generation.

use std::time::Duration;

use tokio::time::timeout;

use super::{Waking, answered, stored};
use crate::repository::{Repository, Swap};

pub(super) async fn check<R: Repository>(fresh: &mut impl AsyncFnMut() -> [R; 2], waking: Waking) {
    if waking == Waking::Polled {
        return;
    }
    let [writer, reader] = fresh().await;
    let mut expected = None;
    for generation in 1..=GENERATIONS {
        let write = async {
            let new = stored(generation, format!("ring {generation}"));
            let swapped = writer.compare_and_swap(expected, &new).await;
            rule!(
                answered("compare_and_swap", swapped) == Swap::Done,
                "one writer has no conflict"
            );
        };
        // By turns the reader waits first, and comes late.
        if generation % 2 == 1 {
            tokio::join!(hears_of(&reader, generation), write);
        } else {
            write.await;
            hears_of(&reader, generation).await;
        }
        expected = Some(generation);
    }
}

async fn hears_of(reader: &impl Repository, generation: u64) {
    let heard = timeout(PATIENCE, async {
        loop {
            reader.changed().await;
            let found = answered("read", reader.read().await);
            if found.is_some_and(|found| found.generation == generation) {
                return;
            }
        }
    });
    rule!(
        heard.await.is_ok(),
        "changed returns when there is generation {generation}"
    );
}

const GENERATIONS: u64 = 20;

/// For machines that have much else to do.
const PATIENCE: Duration = Duration::from_mins(1);
