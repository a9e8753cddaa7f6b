//! Key rings in Secrets Manager.

mod answers;
mod versions;

use aws_sdk_secretsmanager::Client;
use privyseal_aws::{SecretName, SecretsManagerRepository};
use privyseal_keys::repository::conformance::{self, History, Waking};
use privyseal_keys::repository::{Repository, RepositoryError, Stored, Swap};
use privyseal_testkit::rings::{Order, eight_processes_lose_nothing_with};

use crate::moto::{Moto, configuration};

fn ring(generation: u64) -> Stored {
    Stored {
        generation,
        bytes: format!("ring {generation}").into_bytes(),
    }
}

async fn open(moto: &Moto, name: &str) -> SecretsManagerRepository {
    open_at(&moto.url(), name).await
}

async fn open_at(url: &str, name: &str) -> SecretsManagerRepository {
    let name = SecretName::new(name).unwrap();
    SecretsManagerRepository::new(&configuration(url).await, name)
}

/// A place as the processes of a race are told it.
async fn open_place(place: &str) -> SecretsManagerRepository {
    let (url, name) = place.split_once(' ').unwrap();
    open_at(url, name).await
}

/// What the operator of the account would use.
async fn operator(moto: &Moto) -> Client {
    Client::new(&moto.configuration().await)
}

/// Writes the generation after this one.
async fn write(repository: &impl Repository, expected: Option<u64>) {
    let new = ring(expected.map_or(1, |before| before + 1));
    let swapped = repository.compare_and_swap(expected, &new).await;
    assert_eq!(swapped.unwrap(), Swap::Done);
}

/// What every call answers.
async fn errors(repository: &impl Repository) -> [Option<RepositoryError>; 4] {
    [
        repository.read().await.err(),
        repository.history(9).await.err(),
        repository.compare_and_swap(None, &ring(1)).await.err(),
        repository.compare_and_swap(Some(1), &ring(2)).await.err(),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ring_keeps_the_contract() {
    let moto = Moto::shared();
    let mut number = 0;
    let fresh = async || {
        number += 1;
        let name = format!("contract/{number}");
        [open(moto, &name).await, open(moto, &name).await]
    };
    // With the longest line that can stand before it.
    let line = format!("privyseal-ring-1 {}\n", 4);
    let longest = 64 * 1024 - line.len();
    conformance::repository_of(longest, fresh, Waking::Polled, History::None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_rotate_at_once_and_lose_nothing() {
    let moto = Moto::start();
    let places = ["race", "control"].map(|name| format!("{} {name}", moto.url()));
    let places = places.each_ref().map(String::as_str);
    let test = "secrets::a_process_writes_a_ring";
    eight_processes_lose_nothing_with(WRITES, History::None, test, places, open_place).await;
}

/// How often each of them replaces the ring: moto answers about a hundred calls in a second.
const WRITES: usize = 8;

/// One of the eight, or alone.
#[tokio::test]
async fn a_process_writes_a_ring() {
    let alone = || Order::alone(format!("{} alone", Moto::shared().url()));
    let order = Order::told().unwrap_or_else(alone);
    order.obey(open_place(&order.place).await).await;
}

#[tokio::test]
async fn rings_of_one_account_are_apart() {
    let moto = Moto::shared();
    let one = open(moto, "apart/one").await;
    let other = open(moto, "apart/other").await;
    write(&one, None).await;
    assert_eq!(other.read().await.unwrap(), None);
    write(&other, None).await;
    write(&one, Some(1)).await;
    assert_eq!(one.read().await.unwrap(), Some(ring(2)));
    assert_eq!(other.read().await.unwrap(), Some(ring(1)));
}

#[tokio::test]
async fn a_secret_that_is_scheduled_for_deletion_is_gone_and_not_absent() {
    let moto = Moto::shared();
    let repository = open(moto, "deleted").await;
    write(&repository, None).await;
    let operator = operator(moto).await;
    let delete = operator.delete_secret().secret_id("deleted");
    delete.send().await.unwrap();
    for error in errors(&repository).await {
        let error = error.expect("it is gone");
        assert!(
            matches!(error, RepositoryError::Gone(why) if why.contains("deletion")),
            "{error:?}"
        );
    }
    let restore = operator.restore_secret().secret_id("deleted");
    restore.send().await.unwrap();
    assert_eq!(repository.read().await.unwrap(), Some(ring(1)));
    write(&repository, Some(1)).await;
}

#[tokio::test]
async fn a_secret_without_a_current_version_is_gone_and_not_absent() {
    let moto = Moto::shared();
    let operator = operator(moto).await;
    let make = operator.create_secret().name("empty");
    make.send().await.unwrap();
    let emptied = open(moto, "emptied").await;
    write(&emptied, None).await;
    let current = operator.get_secret_value().secret_id("emptied");
    let current = current.version_stage("AWSCURRENT").send().await.unwrap();
    let remove = operator
        .update_secret_version_stage()
        .secret_id("emptied")
        .version_stage("AWSCURRENT")
        .remove_from_version_id(current.version_id.unwrap());
    remove.send().await.unwrap();
    for repository in [open(moto, "empty").await, emptied] {
        for error in errors(&repository).await {
            let error = error.expect("it is gone");
            assert!(
                matches!(error, RepositoryError::Gone(why) if why.contains("AWSCURRENT")),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_somebody_else_has_put_there_is_not_a_ring_and_stays() {
    let moto = Moto::shared();
    let operator = operator(moto).await;
    let make = operator.create_secret().name("foreign");
    make.secret_string("ring").send().await.unwrap();
    let repository = open(moto, "foreign").await;
    for error in errors(&repository).await {
        assert!(
            matches!(error, Some(RepositoryError::Unreadable(_))),
            "{error:?}"
        );
    }
    let there = operator.get_secret_value().secret_id("foreign");
    let there = there.version_stage("AWSCURRENT").send().await.unwrap();
    assert_eq!(there.secret_string(), Some("ring"));
}

#[tokio::test]
async fn debug_names_the_secret() {
    let repository = open_at("http://127.0.0.1:9", "shop/ring").await;
    assert_eq!(
        format!("{repository:?}"),
        "SecretsManagerRepository { name: SecretName(\"shop/ring\"), .. }"
    );
}
