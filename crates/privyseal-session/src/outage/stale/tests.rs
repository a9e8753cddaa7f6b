use privyseal::Timestamp;

use super::*;

const MINUTE: Duration = Duration::from_mins(1);

fn rows(rows: usize, bytes: usize) -> StaleRows {
    StaleRows::new(MINUTE, Limits { rows, bytes })
}

fn id(number: u8) -> SessionId {
    SessionId::from_bytes([number; SessionId::LEN])
}

fn row(version: u64, len: usize) -> Row {
    let time = Timestamp::from_unix_seconds(0);
    Row {
        version,
        subject: Some(Subject::new("ada").unwrap()),
        last_seen: time,
        expires_at: time,
        ends_at: time,
        data: vec![0; len],
    }
}

/// Which of the first ten ids are kept.
fn kept(rows: &StaleRows, now: Instant) -> Vec<u8> {
    (0..10)
        .filter(|number| rows.get(id(*number), now).is_some())
        .collect()
}

fn bytes(rows: &StaleRows) -> usize {
    let state = rows.lock();
    let sum: usize = state.rows.values().map(|kept| cost(&kept.row)).sum();
    assert_eq!(state.bytes, sum);
    assert_eq!(state.rows.len(), state.by_place.len());
    sum
}

#[test]
fn the_oldest_go_when_there_are_too_many() {
    let now = Instant::now();
    let rows = rows(3, usize::MAX);
    for number in 0..3 {
        rows.reading(id(number), now).saw(&row(1, 0));
    }
    assert_eq!(kept(&rows, now), [0, 1, 2]);
    rows.reading(id(0), now).saw(&row(1, 0));
    rows.reading(id(3), now).saw(&row(1, 0));
    assert_eq!(kept(&rows, now), [0, 2, 3]);
}

#[test]
fn the_oldest_go_when_they_are_too_large() {
    let now = Instant::now();
    let one = cost(&row(1, 1000));
    let rows = rows(10, 3 * one);
    for number in 0..4 {
        rows.reading(id(number), now).saw(&row(1, 1000));
        assert!(bytes(&rows) <= 3 * one);
    }
    assert_eq!(kept(&rows, now), [1, 2, 3]);
    rows.reading(id(1), now).saw(&row(2, 1001));
    assert_eq!(kept(&rows, now), [1, 3]);
}

#[test]
fn a_row_that_is_larger_than_all_that_may_be_kept_is_not() {
    let now = Instant::now();
    let rows = rows(10, 2000);
    rows.reading(id(0), now).saw(&row(1, 10));
    rows.reading(id(0), now).saw(&row(2, 2000));
    assert_eq!(kept(&rows, now), [0; 0]);
    assert_eq!(bytes(&rows), 0);
}

#[test]
fn rows_that_may_not_be_answered_any_more_make_room() {
    let start = Instant::now();
    let rows = rows(10, usize::MAX);
    rows.reading(id(0), start).saw(&row(1, 0));
    rows.reading(id(1), start + MINUTE).saw(&row(1, 0));
    assert_eq!(kept(&rows, start + MINUTE), [0, 1]);
    let later = start + MINUTE + Duration::from_nanos(1);
    assert_eq!(kept(&rows, later), [1]);
    rows.reading(id(1), later).saw(&row(1, 0));
    assert_eq!(bytes(&rows), cost(&row(1, 0)));
}

#[test]
fn an_older_version_does_not_replace_a_newer_one() {
    let now = Instant::now();
    let rows = rows(10, usize::MAX);
    let slow = rows.reading(id(0), now);
    rows.reading(id(0), now).saw(&row(2, 0));
    slow.saw(&row(1, 0));
    assert_eq!(rows.get(id(0), now).unwrap().version, 2);
}

#[test]
fn what_was_seen_while_a_write_was_made_is_not_kept() {
    let now = Instant::now();
    let rows = rows(10, usize::MAX);
    let slow = rows.reading(id(0), now);
    rows.writing(id(0), now).wrote(row(2, 0));
    rows.writing(id(0), now).gone();
    slow.saw(&row(1, 0));
    assert_eq!(kept(&rows, now), [0; 0]);
}

#[test]
fn of_two_writes_that_overlap_none_is_kept() {
    let now = Instant::now();
    let rows = rows(10, usize::MAX);
    let first = rows.writing(id(0), now);
    let second = rows.writing(id(0), now);
    second.wrote(row(3, 0));
    first.wrote(row(2, 0));
    assert_eq!(kept(&rows, now), [0; 0]);
}

#[test]
fn a_write_that_ends_after_the_session_did_does_not_bring_it_back() {
    let now = Instant::now();
    let rows = rows(10, usize::MAX);
    let write = rows.writing(id(0), now);
    drop(rows.writing(id(0), now));
    write.wrote(row(2, 0));
    assert_eq!(kept(&rows, now), [0; 0]);

    let write = rows.writing(id(0), now);
    drop(rows.ending_all(&Subject::new("ada").unwrap(), None));
    write.wrote(row(2, 0));
    assert_eq!(kept(&rows, now), [0; 0]);
}

#[test]
fn ending_all_sessions_leaves_those_of_others_and_of_nobody() {
    let now = Instant::now();
    let rows = rows(10, usize::MAX);
    let bob = Some(Subject::new("bob").unwrap());
    for (number, subject) in [(0, row(1, 0).subject), (1, bob), (2, None)] {
        let row = Row {
            subject,
            ..row(1, 0)
        };
        rows.reading(id(number), now).saw(&row);
    }
    drop(rows.ending_all(&Subject::new("ada").unwrap(), None));
    assert_eq!(kept(&rows, now), [1, 2]);
    bytes(&rows);
}
