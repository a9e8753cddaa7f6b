//! A row comes back as it went in.

use privyseal_session::store::{Found, MAX_DATA_LEN, Store, Subject};

use super::kit::{Kit, Sample, random_id, random_subject};

pub(super) async fn check<S: Store>(kit: &Kit<S>) {
    an_unknown_id_is_unknown(kit).await;
    create_refuses_an_id_that_is_taken(kit).await;
    create_refuses_the_id_of_an_ended_session(kit).await;
    data_comes_back_byte_for_byte(kit).await;
    subjects_come_back_as_they_are(kit).await;
    times_come_back_exactly(kit).await;
    a_time_beyond_what_databases_count_stays_far_away(kit).await;
}

async fn an_unknown_id_is_unknown<S: Store>(kit: &Kit<S>) {
    let found = kit.load(random_id()).await;
    rule!(
        found == Found::Unknown,
        "load of an id that nobody has finds {found:?}, not Unknown"
    );
}

async fn create_refuses_an_id_that_is_taken<S: Store>(kit: &Kit<S>) {
    let first = Sample::new("first").of(&random_subject(""));
    let id = kit.created(&first).await;
    kit.finds(id, 1, &first, "at version 1 when it was created")
        .await;
    let second = Sample::new("second").times(1, 2, 3);
    rule!(
        !kit.create(id, &second).await,
        "create refuses an id that is taken"
    );
    kit.finds(id, 1, &first, "as it was, after a create that was refused")
        .await;
}

async fn create_refuses_the_id_of_an_ended_session<S: Store>(kit: &Kit<S>) {
    let sample = Sample::new("data");
    let id = kit.created(&sample).await;
    kit.end(id).await;
    rule!(
        !kit.create(id, &sample).await,
        "create refuses the id of an ended session"
    );
    let found = kit.load(id).await;
    rule!(
        found == Found::Ended,
        "a refused create leaves an ended session ended, not {found:?}"
    );
}

async fn data_comes_back_byte_for_byte<S: Store>(kit: &Kit<S>) {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let longest: Vec<u8> = every_byte
        .iter()
        .copied()
        .cycle()
        .take(MAX_DATA_LEN)
        .collect();
    let kinds: [(&str, Vec<u8>); 6] = [
        ("without data", Vec::new()),
        ("with a zero byte for data", vec![0]),
        ("with spaces around its data", b"  \r\n".to_vec()),
        ("with bytes that are no UTF-8", vec![0xff, 0xfe, 0x80]),
        ("with all bytes for data", every_byte),
        ("with as much data as may be", longest),
    ];
    for (kind, data) in kinds {
        let sample = Sample::new(data);
        let id = kit.created(&sample).await;
        kit.finds(id, 1, &sample, kind).await;
        kit.update(id, 1, &Sample::new("x")).await;
        kit.update(id, 2, &sample).await;
        kit.finds(id, 3, &sample, kind).await;
        kit.end(id).await;
    }
}

async fn subjects_come_back_as_they_are<S: Store>(kit: &Kit<S>) {
    for end in [" ", "é", "e\u{301}", "\u{1f511}", "'\"\\%_*{}:", "日本語"] {
        let subject = random_subject(end);
        let sample = Sample::new("data").of(&subject);
        let id = kit.created(&sample).await;
        kit.finds(id, 1, &sample, "with its subject as it is").await;
    }
    let room = Subject::MAX_LEN - random_subject("").as_str().len();
    let longest = random_subject(&"x".repeat(room));
    let sample = Sample::new("data").of(&longest);
    let id = kit.created(&sample).await;
    kit.finds(id, 1, &sample, "with a subject of 255 bytes")
        .await;
}

async fn times_come_back_exactly<S: Store>(kit: &Kit<S>) {
    for (last_seen, expires_at, ends_at) in [
        (0, 3600, 7200),
        (1, 3601, i64::MAX as u64),
        (4_294_967_295, 4_294_967_296 + 3600, 253_402_300_799),
        (
            9_007_199_254_740_993,
            9_007_199_254_744_593,
            9_007_199_254_744_595,
        ),
        (
            i64::MAX as u64 - 7200,
            i64::MAX as u64 - 3600,
            i64::MAX as u64,
        ),
    ] {
        let sample = Sample::new("data").times(last_seen, expires_at, ends_at);
        let id = kit.created(&sample).await;
        kit.finds(id, 1, &sample, "with its times").await;
        let other = Sample::new("data");
        kit.update(id, 1, &other).await;
        kit.finds(id, 2, &other, "with the times of an update")
            .await;
        kit.update(id, 2, &sample).await;
        kit.finds(id, 3, &sample, "with its times again").await;
        kit.end(id).await;
    }
}

async fn a_time_beyond_what_databases_count_stays_far_away<S: Store>(kit: &Kit<S>) {
    let sample = Sample::new("data").times(0, u64::MAX - 1, u64::MAX);
    let id = kit.created(&sample).await;
    let found = kit.load(id).await;
    rule!(
        matches!(&found, Found::Live(row)
            if row.expires_at.unix_seconds() >= i64::MAX as u64
                && row.ends_at.unix_seconds() >= i64::MAX as u64),
        "a time after i64::MAX comes back as one from there on, not in {found:?}"
    );
    kit.end(id).await;
}
