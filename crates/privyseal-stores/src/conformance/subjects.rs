//! The index by subject.

use privyseal_session::store::{Found, Store, Subject};

use super::kit::{Kit, Sample, random_id, random_subject, sorted, subject};

pub(super) async fn check<S: Store>(kit: &Kit<S>) {
    list_has_the_rows_of_one_subject(kit).await;
    list_keeps_to_its_limit_and_passes_over_ended_sessions(kit).await;
    an_update_moves_the_session_to_another_subject(kit).await;
    subjects_that_look_alike_are_different(kit).await;
    end_all_ends_the_sessions_of_one_subject(kit).await;
    end_all_spares_the_exception(kit).await;
}

async fn list_has_the_rows_of_one_subject<S: Store>(kit: &Kit<S>) {
    let (ada, bob) = (random_subject(""), random_subject(""));
    let none = kit.list(&ada, 9).await;
    rule!(
        none.is_empty(),
        "list of a subject without sessions is empty, not {none:?}"
    );
    let first = Sample::new("first").of(&ada);
    let second = Sample::new("second").of(&ada).times(1, 3601, 7201);
    let ids = [kit.created(&first).await, kit.created(&second).await];
    kit.created(&Sample::new("other").of(&bob)).await;
    kit.created(&Sample::new("nobody")).await;
    let listed = kit.list(&ada, 9).await;
    rule!(
        listed.len() == 2
            && listed.contains(&(ids[0], first.at(1)))
            && listed.contains(&(ids[1], second.at(1))),
        "list has the whole rows of the subject and no others, not {listed:?}"
    );
}

async fn list_keeps_to_its_limit_and_passes_over_ended_sessions<S: Store>(kit: &Kit<S>) {
    let subject = random_subject("");
    let sample = Sample::new("data").of(&subject);
    let mut live = Vec::new();
    for n in 0..9 {
        let id = kit.created(&sample).await;
        if n % 2 == 0 {
            live.push(id);
        } else {
            kit.end(id).await;
        }
    }
    let live = sorted(live);
    for limit in [0, 1, 3, 5, 6, usize::MAX] {
        let listed = sorted(kit.list(&subject, limit).await.iter().map(|(id, _)| *id));
        let mut distinct = listed.clone();
        distinct.dedup();
        rule!(
            listed.len() == limit.min(live.len())
                && distinct.len() == listed.len()
                && listed.iter().all(|id| live.contains(id)),
            "list has {limit} of the {} live sessions, each once, not {listed:?}",
            live.len()
        );
    }
}

async fn an_update_moves_the_session_to_another_subject<S: Store>(kit: &Kit<S>) {
    let (ada, bob) = (random_subject(""), random_subject(""));
    let id = kit.created(&Sample::new("nobody")).await;
    let here = sorted([id]);
    for (version, of, in_ada, in_bob) in [
        (1, Some(&ada), true, false),
        (2, Some(&ada), true, false),
        (3, Some(&bob), false, true),
        (4, None, false, false),
        (5, Some(&ada), true, false),
    ] {
        let mut sample = Sample::new("data");
        sample.subject = of.cloned();
        kit.update(id, version, &sample).await;
        let found = (kit.ids(&ada).await == here, kit.ids(&bob).await == here);
        rule!(
            found == (in_ada, in_bob),
            "list follows an update of the subject (to version {})",
            version + 1
        );
    }
    // A conflict must not move it either.
    kit.update(id, 5, &Sample::new("late").of(&bob)).await;
    let unmoved = kit.ids(&ada).await == here && kit.ids(&bob).await.is_empty();
    rule!(unmoved, "an update in conflict leaves the index as it is");
    let ended = (kit.end_all(&bob, None).await, kit.end_all(&ada, None).await);
    rule!(
        ended == (0, 1),
        "end_all goes by the subject as last updated; it ended {ended:?}, not (0, 1)"
    );
}

async fn subjects_that_look_alike_are_different<S: Store>(kit: &Kit<S>) {
    let alike = look_alikes();
    let mut ids = Vec::new();
    for subject in &alike {
        ids.push(kit.created(&Sample::new("data").of(subject)).await);
    }
    for (subject, id) in alike.iter().zip(&ids) {
        let listed = kit.ids(subject).await;
        rule!(
            listed == sorted([*id]),
            "list of {:?} has its own session only, not {} of them",
            subject.as_str(),
            listed.len()
        );
    }
    for (n, subject) in alike.iter().enumerate() {
        let ended = kit.end_all(subject, None).await;
        rule!(
            ended == 1,
            "end_all of {:?}, the {n}th of subjects that look alike, ends 1 session, not {ended}",
            subject.as_str()
        );
    }
}

/// Subjects that a collation, a pattern or a key with separators would take for each other.
fn look_alikes() -> Vec<Subject> {
    let base = random_subject("a").as_str().to_owned();
    let long = |end| {
        let room = Subject::MAX_LEN - base.len();
        format!("{base}{end:x>room$}")
    };
    let mut texts: Vec<String> = [
        "",
        " ",
        "  ",
        "\u{a0}",
        "\u{200b}",
        "A",
        "\u{e9}",
        "e\u{301}",
        "e",
        "ss",
        "\u{df}",
        "i",
        "I",
        "\u{131}",
        "\u{130}",
        "%",
        "_",
        "*",
        "?",
        "[a]",
        "'",
        "\"",
        "\\",
        "\\\\",
        "{}",
        ":",
        "\u{1f511}",
        "\u{1f512}",
        "\u{fffd}",
        "\u{ff21}",
    ]
    .iter()
    .map(|end| format!("{base}{end}"))
    .collect();
    texts.push(base.to_uppercase());
    texts.push(format!(" {base}"));
    texts.extend([long('y'), long('z')]);
    texts.into_iter().map(subject).collect()
}

async fn end_all_ends_the_sessions_of_one_subject<S: Store>(kit: &Kit<S>) {
    let (ada, bob) = (random_subject(""), random_subject(""));
    let first = kit.created(&Sample::new("data").of(&ada)).await;
    kit.end(first).await;
    let mut ids = vec![first];
    for _ in 0..4 {
        ids.push(kit.created(&Sample::new("data").of(&ada)).await);
    }
    let other = kit.created(&Sample::new("data").of(&bob)).await;
    let nobody = kit.created(&Sample::new("data")).await;
    let ended = kit.end_all(&ada, None).await;
    rule!(
        ended == 4,
        "end_all counts the 4 live sessions, not {ended}"
    );
    for id in ids {
        let found = kit.load(id).await;
        rule!(
            found == Found::Ended,
            "end_all ends each session of the subject, but one is {found:?}"
        );
        let taken = !kit.create(id, &Sample::new("data")).await;
        rule!(taken, "end_all leaves tombstones: their ids stay taken");
    }
    for id in [other, nobody] {
        let found = kit.load(id).await;
        rule!(
            matches!(found, Found::Live(_)),
            "end_all leaves the sessions of others alone, but one is {found:?}"
        );
    }
    let again = kit.end_all(&ada, None).await;
    rule!(again == 0, "a second end_all finds none live, not {again}");
}

async fn end_all_spares_the_exception<S: Store>(kit: &Kit<S>) {
    let (ada, bob) = (random_subject(""), random_subject(""));
    let sample = Sample::new("data").of(&ada);
    let kept = kit.created(&sample).await;
    for _ in 0..3 {
        kit.created(&sample).await;
    }
    let ended = kit.end_all(&ada, Some(kept)).await;
    rule!(
        ended == 3,
        "end_all but for one ends the 3 others, not {ended}"
    );
    kit.finds(kept, 1, &sample, "as it was, spared by end_all")
        .await;
    let listed = kit.ids(&ada).await;
    rule!(
        listed == sorted([kept]),
        "list has the spared session alone, not {listed:?}"
    );
    let foreign = kit.created(&Sample::new("data").of(&bob)).await;
    for exception in [foreign, random_id()] {
        let id = kit.created(&sample).await;
        let ended = kit.end_all(&ada, Some(exception)).await;
        rule!(
            ended > 0 && kit.load(id).await == Found::Ended,
            "an exception that is not the subject's spares none of its sessions"
        );
    }
}
