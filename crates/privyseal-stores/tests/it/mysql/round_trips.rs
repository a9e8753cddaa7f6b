//! How often a call goes to the server and back, and what becomes of it when an answer is lost.

use std::time::Duration;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::revocation::{Revocation, RevocationLog as _, RevocationName};
use privyseal_session::store::{Found, NewRow, Store as _, Subject, Updated};
use privyseal_stores::MySqlStore;
use privyseal_testkit::servers::mariadb::MariadbServer;

use crate::proxy::{Answer, Proxy};

#[tokio::test]
async fn each_call_is_one_round_trip_unless_it_is_in_conflict_or_appends() {
    let (proxy, store) = behind_a_proxy().await;
    let subject = Subject::new("ada").unwrap();
    let long = vec![7; 200_000];
    let row = NewRow {
        subject: Some(&subject),
        data: &long,
        ..ROW
    };
    let entry = Revocation {
        name: RevocationName::from_bytes([1; 16]),
        began_until: NOW,
        forget_at: NOW,
    };
    // The first time on a connection, a statement is prepared.
    for (id, prepared) in [([1; 16], false), ([2; 16], true)] {
        let id = SessionId::from_bytes(id);
        let mut trips = Vec::new();
        proxy.trips();
        assert!(store.create(id, &row).await.unwrap());
        trips.push(("create", proxy.trips()));
        store.load(id).await.unwrap();
        trips.push(("load", proxy.trips()));
        assert_eq!(store.update(id, 1, &row).await.unwrap(), Updated::Done);
        trips.push(("update", proxy.trips()));
        let conflict = store.update(id, 1, &row).await.unwrap();
        assert!(matches!(conflict, Updated::Conflict(_)));
        trips.push(("update in conflict", proxy.trips()));
        store.touch(id, 2, NOW, NOW).await.unwrap();
        trips.push(("touch", proxy.trips()));
        assert_eq!(store.list(&subject, 9).await.unwrap().len(), 1);
        trips.push(("list", proxy.trips()));
        assert!(store.end(id).await.unwrap());
        trips.push(("end", proxy.trips()));
        store.end_all(&subject, None).await.unwrap();
        trips.push(("end_all", proxy.trips()));
        store.delete_expired(NOW, 9).await.unwrap();
        trips.push(("delete_expired", proxy.trips()));
        store.append(&entry).await.unwrap();
        trips.push(("append", proxy.trips()));
        store.since(0, 9).await.unwrap();
        trips.push(("since", proxy.trips()));
        store.prune(NOW, 9).await.unwrap();
        trips.push(("prune", proxy.trips()));
        for (call, trips) in trips.into_iter().filter(|_| prepared) {
            let expected = match call {
                "update in conflict" => 2,
                // A transaction: begin, count, append, commit.
                "append" => 4,
                _ => 1,
            };
            assert_eq!(trips, expected, "{call}");
        }
    }
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_only_where_that_changes_nothing() {
    let (proxy, store) = behind_a_proxy().await;
    let id = SessionId::from_bytes([1; 16]);
    assert!(store.create(id, &ROW).await.unwrap());
    store.load(id).await.unwrap();
    proxy.next_answer_is(Answer::Lost);
    assert!(matches!(store.load(id).await.unwrap(), Found::Live(_)));
    // Prepared on the new connection.
    store.update(id, 7, &ROW).await.unwrap();
    proxy.next_answer_is(Answer::Lost);
    let error = store.update(id, 1, &ROW).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    let Found::Live(row) = store.load(id).await.unwrap() else {
        panic!("the session is gone");
    };
    assert_eq!(row.version, 2, "it was done, and once");
}

#[tokio::test]
async fn a_caller_who_gave_up_leaves_nobody_waiting() {
    let (proxy, store) = behind_a_proxy().await;
    let id = SessionId::from_bytes([1; 16]);
    assert!(store.create(id, &ROW).await.unwrap());
    proxy.next_answer_is(Answer::Withheld);
    let patience = Duration::from_millis(100);
    assert!(
        tokio::time::timeout(patience, store.load(id))
            .await
            .is_err()
    );
    // There is one connection at most, and the answer of the last one still comes on it.
    assert!(matches!(store.load(id).await.unwrap(), Found::Live(_)));
    assert_eq!(proxy.connections(), 2);
}

async fn behind_a_proxy() -> (Proxy, MySqlStore) {
    let url = MariadbServer::shared().database().unwrap();
    let proxy = Proxy::new(&url).await;
    let one = std::num::NonZeroUsize::MIN;
    let store = MySqlStore::connect_with(&proxy.url(&url), one)
        .await
        .unwrap();
    (proxy, store)
}

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

const ROW: NewRow<'static> = NewRow {
    subject: None,
    last_seen: NOW,
    expires_at: NOW,
    ends_at: NOW,
    data: b"data",
};
