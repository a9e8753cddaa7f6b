use super::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const GRACE: u64 = 20;

fn secret() -> Secret {
    Secret::random(&mut rand::rng()).unwrap()
}

fn envelope(current: &Secret) -> Envelope {
    Envelope {
        created_at: NOW,
        renewed_at: NOW,
        current: current.hash(),
        predecessors: Vec::new(),
    }
}

#[test]
fn a_row_reads_back() {
    let (first, second) = (secret(), secret());
    let mut envelope = envelope(&first);
    for (old, new, with_successor) in [(&first, &second, true), (&second, &first, false)] {
        assert_eq!(
            Envelope::decode(&envelope.encode(b"{}")),
            Some((envelope.clone(), &b"{}"[..]))
        );
        envelope.renew(old, new, with_successor, NOW, GRACE);
    }
    let row = envelope.encode(b"payload");
    assert_eq!(Envelope::decode(&row), Some((envelope, &b"payload"[..])));
    for cut in 0..row.len() - b"payload".len() {
        assert_eq!(Envelope::decode(&row[..cut]), None, "{cut}");
    }
    assert_eq!(Envelope::decode(&[&[2], &row[1..]].concat()), None);
}

#[test]
fn within_the_grace_window_the_old_secret_leads_to_its_one_successor() {
    let (first, second) = (secret(), secret());
    let mut envelope = envelope(&first);
    assert!(matches!(envelope.admit(&first, NOW), Admission::Current));
    envelope.renew(&first, &second, true, NOW, GRACE);
    assert!(matches!(envelope.admit(&second, NOW), Admission::Current));
    for seconds in [0, GRACE] {
        match envelope.admit(&first, NOW.plus_seconds(seconds)) {
            Admission::Superseded(secret) => assert_eq!(secret.hash(), second.hash()),
            other => panic!("{other:?}"),
        }
    }
    let late = NOW.plus_seconds(GRACE + 1);
    assert!(matches!(envelope.admit(&first, late), Admission::Reused));
    assert!(matches!(envelope.admit(&secret(), NOW), Admission::Reused));
}

#[test]
fn a_line_of_successors_is_followed_to_its_end() {
    let secrets: Vec<_> = (0..=MAX_PREDECESSORS + 1).map(|_| secret()).collect();
    let mut envelope = envelope(&secrets[0]);
    for pair in secrets.windows(2) {
        envelope.renew(&pair[0], &pair[1], true, NOW, GRACE);
    }
    assert!(matches!(
        envelope.admit(&secrets[0], NOW),
        Admission::Reused
    ));
    for old in &secrets[1..=MAX_PREDECESSORS] {
        match envelope.admit(old, NOW) {
            Admission::Superseded(secret) => {
                assert_eq!(secret.hash(), secrets.last().unwrap().hash());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_secret_from_before_the_session_gained_rights_opens_nothing_7_2_4() {
    let (first, second, third) = (secret(), secret(), secret());
    let mut envelope = envelope(&first);
    envelope.renew(&first, &second, true, NOW, GRACE);
    envelope.renew(&second, &third, false, NOW, GRACE);
    for old in [&first, &second] {
        assert!(matches!(envelope.admit(old, NOW), Admission::Retired));
        let late = NOW.plus_seconds(GRACE + 1);
        assert!(matches!(envelope.admit(old, late), Admission::Reused));
    }
}
