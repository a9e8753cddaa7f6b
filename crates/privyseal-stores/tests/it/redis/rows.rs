//! What is in the server, and for how long.

use privyseal_session::store::{Found, Store as _, Updated};

use super::*;

/// The milliseconds that a key has left.
fn left(key: &str) -> i64 {
    ask(&RedisServer::shared().url(), &format!("PTTL {key}"))
}

/// The keys of a prefix, sorted.
fn keys(prefix: &str) -> Vec<String> {
    let mut keys: Vec<String> = ask(&RedisServer::shared().url(), &format!("KEYS {prefix}*"));
    keys.sort();
    keys
}

#[tokio::test]
async fn a_row_lives_until_it_expires_a_tombstone_and_the_index_until_it_ends() {
    let (store, ada) = (store("life:").await, subject("ada"));
    let key = format!("life:{{{}}}", id(1));
    store
        .create(id(1), &row(Some(&ada), b"data"))
        .await
        .unwrap();
    assert!(
        (3_000_000..=3_600_000).contains(&left(&key)),
        "{}",
        left(&key)
    );
    let later = NOW.plus_seconds(80_000);
    store
        .touch(id(1), 1, later, NOW.plus_seconds(86_400))
        .await
        .unwrap();
    assert!(
        (5_800_000..=6_400_000).contains(&left(&key)),
        "{}",
        left(&key)
    );
    store.end(id(1)).await.unwrap();
    assert!(
        (85_800_000..=86_400_000).contains(&left(&key)),
        "{}",
        left(&key)
    );
    let all = keys("life:");
    let index = all.iter().find(|key| key.ends_with(":sessions")).unwrap();
    assert!(left(index) > 86_400_000, "{}", left(index));
    assert!(!all.iter().any(|key| key.contains("ada")), "{all:?}");
}

#[tokio::test]
async fn a_clock_that_is_behind_lets_no_session_outlive_its_end_or_its_index() {
    let (store, ada) = (store("behind:").await, subject("ada"));
    let key = format!("behind:{{{}}}", id(1));
    store
        .create(id(1), &row(Some(&ada), b"data"))
        .await
        .unwrap();
    let behind = Timestamp::from_unix_seconds(NOW.unix_seconds() - 1_000_000);
    let ends_at = NOW.plus_seconds(86_400);
    for _ in 0..3 {
        store.touch(id(1), 1, behind, ends_at).await.unwrap();
        assert!(left(&key) <= 86_400_000, "{}", left(&key));
        let shorter = behind.plus_seconds(10);
        store.touch(id(1), 1, behind, shorter).await.unwrap();
    }
    let mut late = row(Some(&ada), b"data");
    (late.last_seen, late.expires_at) = (behind, ends_at);
    assert_eq!(store.update(id(1), 1, &late).await.unwrap(), Updated::Done);
    assert!(left(&key) <= 86_400_000, "{}", left(&key));
    store.end(id(1)).await.unwrap();
    assert!(
        (85_800_000..=86_400_000).contains(&left(&key)),
        "{}",
        left(&key)
    );
}

#[tokio::test]
async fn only_a_clock_that_is_two_seconds_behind_is_told_from_its_own_rounding() {
    let store = store("seconds:").await;
    // The end by the server's clock, and that by the writer's, which is behind.
    for (number, behind, most) in [(1, 0, 86_400_000), (2, 1, 86_401_000), (3, 4, 86_400_000)] {
        let (id, key) = (id(number), format!("seconds:{{{}}}", id(number)));
        let mut written = row(None, b"data");
        (written.expires_at, written.ends_at) =
            (NOW.plus_seconds(86_400), NOW.plus_seconds(86_400));
        store.create(id, &written).await.unwrap();
        written.last_seen = Timestamp::from_unix_seconds(NOW.unix_seconds() - behind);
        let updated = store.update(id, 1, &written).await.unwrap();
        assert_eq!(updated, Updated::Done);
        let left = left(&key);
        assert!((most - 900..=most).contains(&left), "{behind}: {left}");
    }
}

#[tokio::test]
async fn times_beyond_all_counting_are_kept_and_overflow_nothing() {
    let (store, ada) = (store("far:").await, subject("ada"));
    let far = Timestamp::from_unix_seconds(u64::MAX);
    let mut endless = row(Some(&ada), b"data");
    (endless.expires_at, endless.ends_at) = (far, far);
    assert!(store.create(id(1), &endless).await.unwrap());
    assert_eq!(
        store.update(id(1), 1, &endless).await.unwrap(),
        Updated::Done
    );
    store
        .touch(id(1), 2, Timestamp::from_unix_seconds(0), far)
        .await
        .unwrap();
    let Found::Live(found) = store.load(id(1)).await.unwrap() else {
        panic!("it is gone")
    };
    assert_eq!((found.expires_at, found.ends_at), (far, far));
    assert_eq!(store.list(&ada, 9).await.unwrap().len(), 1);
    assert_eq!(store.end_all(&ada, None).await.unwrap(), 1);
}

#[tokio::test]
async fn an_index_that_names_what_is_not_there_misleads_nobody() {
    let (store, ada, bob) = (store("stale:").await, subject("ada"), subject("bob"));
    store
        .create(id(1), &row(Some(&ada), b"data"))
        .await
        .unwrap();
    store
        .create(id(2), &row(Some(&bob), b"data"))
        .await
        .unwrap();
    store
        .create(id(3), &row(Some(&ada), b"data"))
        .await
        .unwrap();
    store.end(id(3)).await.unwrap();
    let mut connection = raw(&RedisServer::shared().url());
    // As a crash leaves it in a cluster: the index was written, and the row was not.
    for index in keys("stale:")
        .iter()
        .filter(|key| key.ends_with(":sessions"))
    {
        for stale in [id(2), id(4)] {
            let mut add = ::redis::cmd("ZADD");
            add.arg(index).arg(9e12).arg(stale.as_bytes());
            add.exec(&mut connection).unwrap();
        }
    }
    let listed = store.list(&ada, 9).await.unwrap();
    assert_eq!(
        listed.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        [id(1)]
    );
    assert_eq!(store.end_all(&ada, None).await.unwrap(), 1);
    assert!(matches!(store.load(id(2)).await.unwrap(), Found::Live(_)));
    assert_eq!(store.load(id(4)).await.unwrap(), Found::Unknown);
    // What was named and is written at last is found.
    store
        .create(id(4), &row(Some(&ada), b"data"))
        .await
        .unwrap();
    assert_eq!(store.end_all(&ada, None).await.unwrap(), 1);
}

#[tokio::test]
async fn ended_sessions_leave_the_index_when_it_is_read() {
    let (store, ada) = (store("leave:").await, subject("ada"));
    for byte in 1..9 {
        store
            .create(id(byte), &row(Some(&ada), b"data"))
            .await
            .unwrap();
        store.end(id(byte)).await.unwrap();
    }
    let all = keys("leave:");
    assert!(all.iter().any(|key| key.ends_with(":sessions")), "{all:?}");
    assert!(store.list(&ada, 9).await.unwrap().is_empty());
    let all = keys("leave:");
    assert!(!all.iter().any(|key| key.ends_with(":sessions")), "{all:?}");
}

#[tokio::test]
async fn what_is_no_row_is_unreadable_and_is_not_quoted() {
    let store = store("garbage:").await;
    let url = RedisServer::shared().url();
    let ids = [id(1), id(2), id(3)];
    let [text, list, newer] = ids.map(|id| format!("garbage:{{{id}}}"));
    ask::<()>(&url, &format!("SET {text} topsecret"));
    ask::<()>(&url, &format!("LPUSH {list} topsecret"));
    ask::<()>(&url, &format!("SET {newer} 1topsecret"));
    for id in ids {
        let row = row(None, b"topsecret");
        for error in [
            store.load(id).await.unwrap_err(),
            store.update(id, 1, &row).await.unwrap_err(),
            store.end(id).await.unwrap_err(),
        ] {
            let shown = format!("{error:?}");
            assert!(shown.starts_with("Unreadable"), "{shown}");
            assert!(!shown.contains("topsecret"), "{shown}");
        }
    }
}

#[tokio::test]
async fn two_prefixes_on_one_server_do_not_see_each_other() {
    use privyseal_session::revocation::RevocationLog as _;

    let (shop, blog, ada) = (store("shop:").await, store("blog:").await, subject("ada"));
    assert!(shop.create(id(1), &row(Some(&ada), b"shop")).await.unwrap());
    assert_eq!(blog.load(id(1)).await.unwrap(), Found::Unknown);
    assert!(blog.create(id(1), &row(Some(&ada), b"blog")).await.unwrap());
    assert_eq!(shop.list(&ada, 9).await.unwrap().len(), 1);
    assert_eq!(shop.end_all(&ada, None).await.unwrap(), 1);
    assert!(matches!(blog.load(id(1)).await.unwrap(), Found::Live(row) if row.data == b"blog"));
    shop.append(&revocation()).await.unwrap();
    assert_eq!(shop.since(0, 9).await.unwrap().entries.len(), 1);
    assert_eq!(blog.since(0, 9).await.unwrap().entries.len(), 0);
}
