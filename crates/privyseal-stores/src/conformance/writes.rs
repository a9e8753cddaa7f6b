//! Update, touch and end, one after the other.

use privyseal_session::store::{Found, Store, Updated};

use super::kit::{Kit, NOW, Sample, random_id, random_subject};

pub(super) async fn check<S: Store>(kit: &Kit<S>) {
    update_replaces_the_row_and_raises_its_version(kit).await;
    update_with_another_version_changes_nothing(kit).await;
    update_makes_no_session(kit).await;
    touch_changes_two_times_and_nothing_else(kit).await;
    touch_with_another_version_is_ignored(kit).await;
    touch_makes_no_session(kit).await;
    end_is_final(kit).await;
    end_of_an_unknown_session_is_nothing(kit).await;
}

async fn update_replaces_the_row_and_raises_its_version<S: Store>(kit: &Kit<S>) {
    let id = kit.created(&Sample::new("first")).await;
    let rows = [
        Sample::new("second").of(&random_subject("")),
        Sample::new("third").of(&random_subject("")),
        Sample::new("fourth").times(NOW - 10, NOW - 5, NOW),
        Sample::new(""),
    ];
    for (version, sample) in (1..).zip(&rows) {
        let updated = kit.update(id, version, sample).await;
        rule!(
            updated == Updated::Done,
            "update with the version of the row is done, not {updated:?}"
        );
        kit.finds(id, version + 1, sample, "one version later, all replaced")
            .await;
    }
}

async fn update_with_another_version_changes_nothing<S: Store>(kit: &Kit<S>) {
    let id = kit.created(&Sample::new("first")).await;
    let current = Sample::new("second").of(&random_subject(""));
    kit.update(id, 1, &current).await;
    let late = Sample::new("late")
        .of(&random_subject(""))
        .times(1, 3601, 7201);
    for wrong in [1, 0, 3, 4, i64::MAX as u64, u64::MAX] {
        let updated = kit.update(id, wrong, &late).await;
        rule!(
            updated == Updated::Conflict(current.at(2)),
            "update of version 2 as {wrong} is a conflict with the row as it stands, not {updated:?}"
        );
        kit.finds(id, 2, &current, "as it was, after a conflict")
            .await;
    }
}

async fn update_makes_no_session<S: Store>(kit: &Kit<S>) {
    let sample = Sample::new("data").of(&random_subject(""));
    let id = random_id();
    for version in [0, 1, 2] {
        let updated = kit.update(id, version, &sample).await;
        rule!(
            updated == Updated::Gone,
            "update of an unknown session says Gone, not {updated:?}"
        );
    }
    let found = kit.load(id).await;
    rule!(
        found == Found::Unknown,
        "update makes no session, but there is {found:?}"
    );
}

async fn touch_changes_two_times_and_nothing_else<S: Store>(kit: &Kit<S>) {
    let subject = random_subject("");
    let mut sample = Sample::new("data").of(&subject);
    let id = kit.created(&sample).await;
    kit.touch(id, 1, NOW + 60, NOW + 3660).await;
    sample = sample.times(NOW + 60, NOW + 3660, NOW + 86_400);
    kit.finds(id, 1, &sample, "touched, its version and data as they were")
        .await;
    let listed = kit.list(&subject, 9).await;
    rule!(
        listed == [(id, sample.at(1))],
        "list shows the times of the last touch, not {listed:?}"
    );
    let updated = kit.update(id, 1, &sample).await;
    rule!(
        updated == Updated::Done,
        "touch leaves the version as it is, so that an update of it is done, not {updated:?}"
    );
}

async fn touch_with_another_version_is_ignored<S: Store>(kit: &Kit<S>) {
    let id = kit.created(&Sample::new("first")).await;
    let current = Sample::new("second");
    kit.update(id, 1, &current).await;
    for wrong in [0, 1, 3, u64::MAX] {
        kit.touch(id, wrong, NOW + 60, NOW + 3660).await;
        kit.finds(id, 2, &current, "as it was, touched with another version")
            .await;
    }
}

async fn touch_makes_no_session<S: Store>(kit: &Kit<S>) {
    let id = random_id();
    kit.touch(id, 1, NOW, NOW + 3600).await;
    let found = kit.load(id).await;
    rule!(
        found == Found::Unknown,
        "touch makes no session, but there is {found:?}"
    );
}

async fn end_is_final<S: Store>(kit: &Kit<S>) {
    let subject = random_subject("");
    let sample = Sample::new("data").of(&subject);
    let id = kit.created(&sample).await;
    kit.update(id, 1, &sample).await;
    rule!(
        kit.end(id).await,
        "end of a live session, whatever its version, says it was live"
    );
    is_ended(kit, id, "after end").await;
    rule!(
        !kit.end(id).await,
        "end of an ended session says that it was not live"
    );
    is_ended(kit, id, "after a second end").await;
    for version in [0, 1, 2, 3] {
        let updated = kit.update(id, version, &sample).await;
        rule!(
            updated == Updated::Gone,
            "update of an ended session says Gone, not {updated:?}"
        );
        is_ended(kit, id, "after an update").await;
        kit.touch(id, version, NOW + 60, NOW + 3660).await;
        is_ended(kit, id, "after a touch").await;
    }
    let listed = kit.list(&subject, 9).await;
    rule!(
        listed.is_empty(),
        "list leaves ended sessions out, but has {listed:?}"
    );
    let ended = kit.end_all(&subject, None).await;
    rule!(
        ended == 0,
        "end_all counts live sessions, not {ended} ended"
    );
}

async fn end_of_an_unknown_session_is_nothing<S: Store>(kit: &Kit<S>) {
    let id = random_id();
    rule!(
        !kit.end(id).await,
        "end of an unknown session says that it was not live"
    );
    let found = kit.load(id).await;
    rule!(
        found == Found::Unknown,
        "end of an unknown session leaves it unknown, not {found:?}"
    );
}

async fn is_ended<S: Store>(kit: &Kit<S>, id: privyseal::sealed::SessionId, when: &str) {
    let found = kit.load(id).await;
    rule!(
        found == Found::Ended,
        "a session is ended {when}, not {found:?}"
    );
}
