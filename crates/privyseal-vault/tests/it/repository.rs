//! Key rings in KV engines: the contract, races, and servers that are away, sealed or set up wrong.

use std::time::Duration;

use privyseal_keys::repository::conformance::{self, History, Waking};
use privyseal_keys::repository::{KEPT_GENERATIONS, Repository, RepositoryError, Stored, Swap};
use privyseal_testkit::rings::{Order, eight_processes_lose_nothing, servers_come_back};
use privyseal_testkit::servers::Restart as _;
use privyseal_vault::{Credential, Login, Vault, VaultError, VaultOptions, VaultRepository};
use serde_json::json;

use super::fake::{Engine, Fake, Fault, ROOT, Rule, ServerToken, Version};
use super::{Held, with_token};

fn open(vault: &Vault, path: &str) -> VaultRepository {
    VaultRepository::new(vault.clone(), "secret", path).unwrap()
}

/// The ring `main` for whoever may do everything.
fn main_ring(fake: &Fake) -> VaultRepository {
    open(&with_token(fake, ROOT), "main")
}

fn ring(generation: u64) -> Stored {
    Stored {
        generation,
        bytes: format!("ring {generation}").into_bytes(),
    }
}

async fn write(repository: &impl Repository, expected: Option<u64>) {
    let new = ring(expected.map_or(1, |before| before + 1));
    let swapped = repository.compare_and_swap(expected, &new).await;
    assert_eq!(swapped.unwrap(), Swap::Done);
}

/// Looks at the last version of the ring `main`, or changes it, as its operator can.
fn in_place(fake: &Fake, act: impl FnOnce(&mut Version)) {
    let mut state = fake.state();
    act(state.engines.get_mut("secret").unwrap().last("main"));
}

/// What every call fails with.
async fn failures(repository: &impl Repository) -> [RepositoryError; 4] {
    [
        repository.read().await.unwrap_err(),
        repository.history(9).await.unwrap_err(),
        repository
            .compare_and_swap(None, &ring(1))
            .await
            .unwrap_err(),
        repository
            .compare_and_swap(Some(1), &ring(2))
            .await
            .unwrap_err(),
    ]
}

async fn are_all_outages(repository: &impl Repository) {
    for error in failures(repository).await {
        assert!(error.is_unavailable(), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ring_keeps_the_contract() {
    let fake = Fake::start();
    let vaults = [with_token(&fake, ROOT), with_token(&fake, ROOT)];
    let mut number = 0;
    let fresh = async || {
        number += 1;
        let path = format!("contract/{number}");
        vaults.each_ref().map(|vault| open(vault, &path))
    };
    conformance::repository(fresh, Waking::Polled, History::Kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_rotate_at_once_and_lose_nothing() {
    let fake = Fake::start();
    let token = Held::new(ROOT);
    let place = |path| format!("{} {} {path}", fake.url(), token.path().display());
    let places = ["compared", "overwritten"].map(place);
    let test = "repository::a_process_writes_a_ring";
    eight_processes_lose_nothing(test, places.each_ref().map(String::as_str), told).await;
}

/// One of the eight, or alone.
#[tokio::test]
async fn a_process_writes_a_ring() {
    let fake = Fake::start();
    let token = Held::new(ROOT);
    let alone = || Order::alone(format!("{} {} alone", fake.url(), token.path().display()));
    let order = Order::told().unwrap_or_else(alone);
    order.obey(told(&order.place).await).await;
}

/// The ring of a place that is an address, the file of a token, and a path.
async fn told(place: &str) -> VaultRepository {
    let mut words = place.splitn(3, ' ');
    let [address, token, path] = [(); 3].map(|()| words.next().unwrap());
    let login = Login::Token(Credential::File(token.into()));
    let patience = Duration::from_mins(1);
    let options = VaultOptions::new(address, login).with_timeout(patience);
    open(&Vault::new(options).unwrap(), path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_or_stopped_comes_back_with_the_ring() {
    let mut fake = Fake::start();
    let repository = main_ring(&fake);
    servers_come_back(repository, &mut fake).await;
}

#[tokio::test]
async fn a_server_that_is_sealed_is_away_and_has_not_lost_the_ring() {
    let mut fake = Fake::start();
    let repository = main_ring(&fake);
    write(&repository, None).await;
    fake.state().is_sealed = true;
    are_all_outages(&repository).await;
    // That is how they start.
    fake.restart().unwrap();
    are_all_outages(&repository).await;
    fake.state().is_sealed = false;
    assert_eq!(repository.read().await.unwrap(), Some(ring(1)));
}

#[tokio::test]
async fn a_node_that_cannot_answer_is_an_outage_and_says_nothing_of_the_ring() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    let faults = [412, 429, 472, 473, 500, 502, 503, 504].map(Fault::Status);
    let pages = [200, 404, 500].map(Fault::Page);
    for fault in faults.into_iter().chain(pages).chain([Fault::Redirect]) {
        fake.state().fault = Some(fault);
        for error in failures(&repository).await {
            assert!(error.is_unavailable(), "{fault:?}: {error:?}");
        }
    }
    fake.state().fault = None;
    assert_eq!(repository.read().await.unwrap(), None);
}

#[tokio::test]
async fn rings_of_one_engine_are_apart() {
    let fake = Fake::start();
    let vault = with_token(&fake, ROOT);
    let [one, other] = ["apart", "apart/2"].map(|path| open(&vault, path));
    write(&one, None).await;
    assert_eq!(other.read().await.unwrap(), None);
    write(&one, Some(1)).await;
    write(&other, None).await;
    assert_eq!(one.history(9).await.unwrap(), [ring(2), ring(1)]);
    assert_eq!(other.history(9).await.unwrap(), [ring(1)]);
}

#[tokio::test]
async fn a_ring_that_was_deleted_or_destroyed_is_gone_and_not_absent() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    write(&repository, None).await;
    let is_gone = async || {
        for error in failures(&repository).await {
            assert!(matches!(error, RepositoryError::Gone(_)), "{error:?}");
        }
    };
    let change = |deleted_at, is_destroyed| {
        in_place(&fake, |version| {
            version.deleted_at = deleted_at;
            version.is_destroyed = is_destroyed;
        });
    };
    change(Some(0), false);
    is_gone().await;
    change(None, true);
    is_gone().await;
    change(None, false);
    assert_eq!(repository.read().await.unwrap(), Some(ring(1)));
    write(&repository, Some(1)).await;
}

#[tokio::test]
async fn a_secret_whose_metadata_was_deleted_is_as_one_that_never_was() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    write(&repository, None).await;
    fake.state()
        .engines
        .get_mut("secret")
        .unwrap()
        .secrets
        .clear();
    assert_eq!(repository.read().await.unwrap(), None);
}

#[tokio::test]
async fn metadata_without_a_version_is_no_ring_and_no_trace_of_one() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    set_max_versions(&fake, 3);
    assert_eq!(repository.read().await.unwrap(), None);
    write(&repository, None).await;
    for generation in 1..6 {
        write(&repository, Some(generation)).await;
    }
    // What the operator has chosen stays.
    let past = repository.history(usize::MAX).await.unwrap();
    assert_eq!(past, [ring(6), ring(5), ring(4)]);
}

fn set_max_versions(fake: &Fake, max_versions: u64) {
    let mut state = fake.state();
    let secrets = &mut state.engines.get_mut("secret").unwrap().secrets;
    secrets.entry("main".to_owned()).or_default().max_versions = max_versions;
}

#[tokio::test]
async fn an_engine_that_keeps_more_gives_no_more_than_a_history_has() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    set_max_versions(&fake, 100);
    write(&repository, None).await;
    for generation in 1..20 {
        write(&repository, Some(generation)).await;
    }
    let past = repository.history(usize::MAX).await.unwrap();
    assert_eq!(past.len(), KEPT_GENERATIONS);
}

#[tokio::test]
async fn a_history_ends_where_a_version_was_deleted_or_is_no_ring() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    write(&repository, None).await;
    for generation in 1..6 {
        write(&repository, Some(generation)).await;
    }
    let change = |number, change: fn(&mut Version)| {
        let mut state = fake.state();
        let secrets = &mut state.engines.get_mut("secret").unwrap().secrets;
        let versions = &mut secrets.get_mut("main").unwrap().versions;
        change(versions.get_mut(&number).unwrap());
    };
    change(2, |version| version.deleted_at = Some(0));
    assert_eq!(repository.history(9).await.unwrap().len(), 4);
    change(4, |version| version.data = json!({ "other": "text" }));
    assert_eq!(repository.history(9).await.unwrap(), [ring(6), ring(5)]);
}

#[tokio::test]
async fn an_engine_without_versions_is_refused_and_left_alone() {
    let fake = Fake::start();
    let vault = with_token(&fake, ROOT);
    let repository = VaultRepository::new(vault, "old", "main").unwrap();
    for expected in [None, Some(1)] {
        let new = ring(expected.map_or(1, |before| before + 1));
        let refused = repository.compare_and_swap(expected, &new).await;
        let Err(RepositoryError::Refused(why)) = refused else {
            panic!("{refused:?}");
        };
        assert!(why.contains("version 2"), "{why}");
    }
    // It answers as if there never was one, which is not known.
    let read = repository.read().await;
    assert!(
        matches!(read, Err(RepositoryError::Unreadable(_))),
        "{read:?}"
    );
    let secret = json!({ "generation": "1", "ring": "AAAA" });
    let version = Version {
        data: secret,
        deleted_at: None,
        is_destroyed: false,
    };
    {
        let mut state = fake.state();
        let secrets = &mut state.engines.get_mut("old").unwrap().secrets;
        assert!(secrets.is_empty());
        let secret = secrets.entry("data/main".to_owned()).or_default();
        secret.versions.insert(0, version);
    }
    let read = repository.read().await;
    assert!(
        matches!(read, Err(RepositoryError::Unreadable(_))),
        "{read:?}"
    );
}

#[tokio::test]
async fn an_engine_that_is_being_upgraded_is_away() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    let upgrade = |is_upgrading| {
        let mut state = fake.state();
        state.engines.get_mut("secret").unwrap().is_upgrading = is_upgrading;
    };
    upgrade(true);
    are_all_outages(&repository).await;
    upgrade(false);
    write(&repository, None).await;
}

#[tokio::test]
async fn a_mount_that_is_not_there_is_no_absent_ring() {
    let fake = Fake::start();
    let vault = with_token(&fake, ROOT);
    for mount in ["nothing", "secret/team"] {
        let repository = VaultRepository::new(vault.clone(), mount, "main").unwrap();
        for error in failures(&repository).await {
            assert!(!error.to_string().is_empty(), "{mount}: {error:?}");
        }
    }
    fake.state().engines.remove("secret");
    let read = main_ring(&fake).read().await;
    assert!(read.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn a_server_that_compares_nothing_is_found_out() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    write(&repository, None).await;
    let late = Late {
        repository: repository.clone(),
        fake: &fake,
    };
    late.write_while_somebody_else_does(Some(Fault::NoComparison))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_write_between_reading_and_writing_is_a_conflict() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    write(&repository, None).await;
    let late = Late {
        repository: repository.clone(),
        fake: &fake,
    };
    let swapped = late.write_while_somebody_else_does(None).await;
    assert_eq!(swapped.unwrap(), Swap::Conflict);
    assert_ne!(repository.read().await.unwrap(), Some(ring(2)));
}

/// Somebody who is late by a hair.
struct Late<'a> {
    repository: VaultRepository,
    fake: &'a Fake,
}

impl Late<'_> {
    /// Adds a version each time that ours has read, until it comes to write.
    async fn write_while_somebody_else_does(
        &self,
        fault: Option<Fault>,
    ) -> Result<Swap, RepositoryError> {
        self.fake.state().fault = fault;
        self.fake.state().adds_version_after_reads = true;
        let swapped = self.repository.compare_and_swap(Some(1), &ring(2)).await;
        self.fake.state().adds_version_after_reads = false;
        swapped
    }
}

#[tokio::test]
async fn whoever_may_only_read_is_told_so_and_reads_on() {
    let fake = Fake::start();
    write(&main_ring(&fake), None).await;
    let reader: &[Rule] = &[("secret/data/main", &["GET"])];
    let tokens = [
        ("reader", reader),
        ("stranger", &[("secret/data/other", &["GET"])]),
    ];
    for (token, policy) in tokens {
        let policy = ServerToken::with(policy);
        fake.state().tokens.insert(token.to_owned(), policy);
    }
    let repository = open(&with_token(&fake, "reader"), "main");
    assert_eq!(repository.read().await.unwrap(), Some(ring(1)));
    let refused = repository.compare_and_swap(Some(1), &ring(2)).await;
    assert!(
        matches!(refused, Err(RepositoryError::Denied(_))),
        "{refused:?}"
    );
    assert_eq!(repository.history(9).await.unwrap(), [ring(1)]);
    for token in ["stranger", "unknown"] {
        let repository = open(&with_token(&fake, token), "main");
        for error in failures(&repository).await {
            assert!(matches!(error, RepositoryError::Denied(_)), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_writer_without_rights_to_metadata_makes_a_ring_with_the_engines_ten_versions() {
    let fake = Fake::start();
    let policy: &[Rule] = &[("secret/data/main", &["GET", "POST"])];
    let policy = ServerToken::with(policy);
    fake.state().tokens.insert("writer".to_owned(), policy);
    let repository = open(&with_token(&fake, "writer"), "main");
    write(&repository, None).await;
    for generation in 1..12 {
        write(&repository, Some(generation)).await;
    }
    assert_eq!(repository.history(99).await.unwrap().len(), 10);
}

#[tokio::test]
async fn what_somebody_else_has_put_there_is_not_a_ring_and_stays() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    write(&repository, None).await;
    for foreign in [
        json!({}),
        json!({ "password": "text" }),
        json!({ "generation": 1, "ring": "AAAA" }),
        json!({ "generation": "1", "ring": "not base64" }),
        json!({ "generation": "1", "ring": "" }),
        json!({ "generation": "0", "ring": "AAAA" }),
        json!({ "generation": "x", "ring": "AAAA" }),
        json!({ "generation": "1", "ring": "AAAA", "later": "" }),
    ] {
        in_place(&fake, |version| version.data = foreign.clone());
        for error in failures(&repository).await {
            let is_unreadable = matches!(error, RepositoryError::Unreadable(_));
            assert!(is_unreadable, "{foreign}: {error:?}");
        }
        in_place(&fake, |version| assert_eq!(version.data, foreign));
    }
}

#[tokio::test]
async fn a_generation_is_the_version_if_the_ring_began_at_one() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    write(&repository, None).await;
    for generation in 1..5 {
        write(&repository, Some(generation)).await;
    }
    let version = |path: &str| {
        let state = fake.state();
        state.engines["secret"].secrets[path].current
    };
    assert_eq!(version("main"), 5);

    // Longer than what the engine takes for a number.
    let large = (1 << 53) + 1;
    let imported = open(&with_token(&fake, ROOT), "imported");
    let made = imported.compare_and_swap(None, &ring(large)).await;
    assert_eq!(made.unwrap(), Swap::Done);
    write(&imported, Some(large)).await;
    assert_eq!(imported.read().await.unwrap(), Some(ring(large + 1)));
    assert_eq!(version("imported"), 2);
}

#[tokio::test]
async fn a_storage_that_has_no_room_for_the_ring_says_so() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    write(&repository, None).await;
    fake.state().longest = 1000;
    let long = Stored {
        generation: 2,
        bytes: vec![7; 1000],
    };
    let refused = repository.compare_and_swap(Some(1), &long).await;
    assert!(
        matches!(refused, Err(RepositoryError::Full(_))),
        "{refused:?}"
    );
    assert_eq!(repository.read().await.unwrap(), Some(ring(1)));
}

#[tokio::test]
async fn an_engine_that_deletes_after_a_time_takes_the_ring_with_it() {
    let fake = Fake::start();
    let repository = main_ring(&fake);
    let short = Engine {
        delete_after: 60,
        ..Engine::versioned()
    };
    fake.state().engines.insert("secret".to_owned(), short);
    write(&repository, None).await;
    fake.state().now += 59;
    assert_eq!(repository.read().await.unwrap(), Some(ring(1)));
    fake.state().now += 1;
    let read = repository.read().await;
    assert!(matches!(read, Err(RepositoryError::Gone(_))), "{read:?}");
}

#[test]
fn a_path_is_one_that_needs_no_encoding() {
    let fake = Fake::start();
    let vault = with_token(&fake, ROOT);
    for (mount, path) in [("secret", "a/../b"), ("", "ring"), ("secret", "a b")] {
        let refused = VaultRepository::new(vault.clone(), mount, path);
        assert!(matches!(refused, Err(VaultError::Path)), "{mount} {path}");
    }
}
