//! One caller at a time.

use super::{History, answered, stored};
use crate::repository::{
    KEPT_GENERATIONS, MAX_GENERATION, MAX_RING_BYTES, Repository, RepositoryError, Stored, Swap,
};

pub(super) async fn check<R: Repository>(
    fresh: &mut impl AsyncFnMut() -> [R; 2],
    longest: usize,
    history: History,
) {
    absent(&fresh().await).await;
    made_once(&fresh().await).await;
    made_at_any_generation(fresh).await;
    replaced_as_expected(&fresh().await).await;
    refusals_do_nothing(&fresh().await).await;
    bytes_come_back(&fresh().await, longest).await;
    if longest < MAX_RING_BYTES {
        too_long_is_full(&fresh().await, longest).await;
    }
    past_generations(&fresh().await, history).await;
}

async fn absent<R: Repository>([repository, _]: &[R; 2]) {
    stands(repository, None, "before anything was written").await;
    let past = answered("history", repository.history(9).await);
    rule!(past.is_empty(), "a ring that never was has no history");
    let swapped = swap(repository, Some(1), &stored(2, "ring")).await;
    rule!(
        swapped == Swap::Conflict,
        "what is not there is not replaced"
    );
    stands(repository, None, "after a conflict with nothing").await;
}

async fn made_once<R: Repository>([one, other]: &[R; 2]) {
    let first = stored(1, "first");
    let made = swap(one, None, &first).await;
    rule!(made == Swap::Done, "a ring is made where there is none");
    for (generation, bytes) in [(1, "second"), (1, "first"), (2, "second"), (43, "second")] {
        for repository in [one, other] {
            let made = swap(repository, None, &stored(generation, bytes)).await;
            rule!(
                made == Swap::Conflict,
                "a ring is made once, not again at {generation}"
            );
        }
    }
    for repository in [one, other] {
        stands(repository, Some(&first), "that was made first").await;
    }
}

async fn made_at_any_generation<R: Repository>(fresh: &mut impl AsyncFnMut() -> [R; 2]) {
    for generation in [43, MAX_GENERATION - 1] {
        let [repository, _] = fresh().await;
        let imported = stored(generation, "from elsewhere");
        let made = swap(&repository, None, &imported).await;
        rule!(
            made == Swap::Done,
            "a ring is made at generation {generation}"
        );
        stands(&repository, Some(&imported), "that was made").await;
        let next = stored(generation + 1, "next");
        let replaced = swap(&repository, Some(generation), &next).await;
        rule!(
            replaced == Swap::Done,
            "generation {generation} has a next one"
        );
        stands(&repository, Some(&next), "that came next").await;
        let past = answered("history", repository.history(1).await);
        rule!(past == [next], "the history begins with the present ring");
    }
}

async fn replaced_as_expected<R: Repository>([one, other]: &[R; 2]) {
    let _ = swap(one, None, &stored(1, "ring")).await;
    for generation in 2..=5 {
        let next = stored(generation, format!("ring {generation}"));
        let repository = if generation % 2 == 0 { other } else { one };
        let replaced = swap(repository, Some(generation - 1), &next).await;
        rule!(
            replaced == Swap::Done,
            "the expected generation is replaced"
        );
        for repository in [one, other] {
            stands(repository, Some(&next), "that was written last").await;
        }
        for expected in [0, generation - 2, generation - 1, generation + 1] {
            let late = stored(expected + 1, "from somebody who is late");
            let replaced = swap(one, Some(expected), &late).await;
            rule!(
                replaced == Swap::Conflict,
                "generation {generation} is not replaced where {expected} is expected"
            );
        }
        stands(other, Some(&next), "that was written last").await;
    }
}

async fn refusals_do_nothing<R: Repository>([repository, _]: &[R; 2]) {
    let nonsense = [
        (None, stored(0, "ring")),
        (None, stored(MAX_GENERATION + 1, "ring")),
        (None, stored(1, "")),
        (None, stored(1, vec![7; MAX_RING_BYTES + 1])),
        (Some(1), stored(1, "ring")),
        (Some(1), stored(3, "ring")),
        (Some(MAX_GENERATION), stored(MAX_GENERATION + 1, "ring")),
    ];
    for (expected, new) in &nonsense {
        refuses(repository, *expected, new).await;
    }
    stands(repository, None, "after refusals").await;
    let first = stored(1, "ring");
    let _ = swap(repository, None, &first).await;
    for (expected, new) in &nonsense {
        refuses(repository, *expected, new).await;
    }
    stands(repository, Some(&first), "after refusals").await;
}

async fn refuses(repository: &impl Repository, expected: Option<u64>, new: &Stored) {
    let answer = repository.compare_and_swap(expected, new).await;
    rule!(
        matches!(answer, Err(RepositoryError::Refused(_))),
        "{new:?} of {} bytes is refused where {expected:?} is expected, not {answer:?}",
        new.bytes.len()
    );
}

async fn bytes_come_back<R: Repository>([one, other]: &[R; 2], longest: usize) {
    let all: Vec<u8> = (0..=255).collect();
    let mut expected = None;
    let documents = [
        vec![0],
        b"\r\n".to_vec(),
        all,
        vec![0xff; longest],
        vec![b'x'],
    ];
    for (generation, bytes) in (1..).zip(documents) {
        let new = stored(generation, bytes);
        let _ = swap(one, expected, &new).await;
        stands(other, Some(&new), "byte for byte").await;
        expected = Some(generation);
    }
}

async fn too_long_is_full<R: Repository>([one, other]: &[R; 2], longest: usize) {
    let first = stored(1, "ring");
    for (expected, before) in [(None, None), (Some(1), Some(&first))] {
        let generation = expected.map_or(1, |before: u64| before + 1);
        for length in [longest + 1, MAX_RING_BYTES] {
            let new = stored(generation, vec![7; length]);
            let answer = one.compare_and_swap(expected, &new).await;
            rule!(
                matches!(answer, Err(RepositoryError::Full(_))),
                "there is no room for a ring of {length} bytes, and the answer is {answer:?}"
            );
            stands(other, before, "before one that is too long").await;
        }
        let _ = swap(one, None, &first).await;
    }
}

async fn past_generations<R: Repository>([one, other]: &[R; 2], kept: History) {
    let kept = match kept {
        History::Kept => KEPT_GENERATIONS,
        History::None => 1,
    };
    let mut written = Vec::new();
    for generation in 40..40 + 2 * KEPT_GENERATIONS as u64 {
        let new = stored(generation, format!("ring {generation}"));
        let expected = (generation > 40).then(|| generation - 1);
        rule!(
            swap(one, expected, &new).await == Swap::Done,
            "generations follow each other"
        );
        written.insert(0, new);
        for limit in [0, 1, 3, KEPT_GENERATIONS, usize::MAX] {
            let past = answered("history", other.history(limit).await);
            let there = written.iter().take(kept.min(limit));
            rule!(
                past.iter().eq(there),
                "of {} generations the last {} are kept, the newest first, not {past:?}",
                written.len(),
                kept.min(limit)
            );
        }
    }
}

async fn swap(repository: &impl Repository, expected: Option<u64>, new: &Stored) -> Swap {
    let swapped = repository.compare_and_swap(expected, new).await;
    answered("compare_and_swap", swapped)
}

/// This ring is there, and no other.
async fn stands(repository: &impl Repository, expected: Option<&Stored>, which: &str) {
    let found = answered("read", repository.read().await);
    rule!(
        found.as_ref() == expected,
        "the ring is the one {which}: expected {expected:?}, found {found:?}"
    );
}
