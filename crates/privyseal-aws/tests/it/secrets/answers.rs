//! What becomes of errors, outages and answers that are lost.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use serde_json::json;

use super::*;

fn is_unavailable<T>(answer: &Result<T, RepositoryError>) -> bool {
    answer.as_ref().is_err_and(RepositoryError::is_unavailable)
}

#[tokio::test]
async fn a_service_that_is_away_is_an_outage_and_never_an_absent_ring() {
    let moto = Moto::start();
    let repository = open(&moto, "outage").await;
    assert_eq!(repository.read().await.unwrap(), None);
    write(&repository, None).await;
    drop(moto);
    for error in errors(&repository).await {
        let error = error.expect("nobody answers");
        assert!(error.is_unavailable(), "{error:?}");
    }
}

#[tokio::test]
async fn a_service_that_is_silent_is_an_outage() {
    // Connections to it are made, and nobody reads from them.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let limits = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(100))
        .build();
    let configuration = configuration(&url).await.into_builder();
    let configuration = configuration.timeout_config(limits).build();
    let name = SecretName::new("silent").unwrap();
    let repository = SecretsManagerRepository::new(&configuration, name);
    for error in errors(&repository).await {
        let error = error.expect("nobody answers");
        assert!(error.is_unavailable(), "{error:?}");
    }
}

#[tokio::test]
async fn errors_of_the_service_are_sorted() {
    let moto = Moto::start();
    let repository = open(&moto, "sorted").await;
    write(&repository, None).await;
    moto.fails("GetSecretValue", "AccessDeniedException", 400);
    let denied = repository.read().await.unwrap_err();
    assert!(matches!(denied, RepositoryError::Denied(_)), "{denied:?}");
    moto.fails("GetSecretValue", "DecryptionFailure", 400);
    assert!(is_unavailable(&repository.read().await));
    moto.fails("GetSecretValue", "ValidationException", 400);
    let unreadable = repository.read().await.unwrap_err();
    assert!(
        matches!(unreadable, RepositoryError::Unreadable(_)),
        "{unreadable:?}"
    );
    moto.fails("PutSecretValue", "LimitExceededException", 400);
    let full = repository.compare_and_swap(Some(1), &ring(2)).await;
    assert!(matches!(full, Err(RepositoryError::Full(_))), "{full:?}");
    for target in ["PutSecretValue", "UpdateSecretVersionStage"] {
        moto.fails(target, "AccessDeniedException", 400);
        let denied = repository.compare_and_swap(Some(1), &ring(2)).await;
        assert!(
            matches!(denied, Err(RepositoryError::Denied(_))),
            "{target}: {denied:?}"
        );
    }
    moto.faults(&json!([]));
    assert_eq!(repository.read().await.unwrap(), Some(ring(1)));
    write(&repository, Some(1)).await;
}

#[tokio::test]
async fn who_may_not_ask_what_became_of_a_secret_is_not_told_that_there_is_none() {
    let moto = Moto::start();
    let repository = open(&moto, "not-described").await;
    moto.fails("DescribeSecret", "AccessDeniedException", 400);
    let denied = repository.read().await;
    assert!(
        matches!(denied, Err(RepositoryError::Denied(_))),
        "{denied:?}"
    );
    moto.faults(&json!([]));
    write(&repository, None).await;
    // A replica that has not heard of the value, and one that has.
    moto.fails("GetSecretValue", "ResourceNotFoundException", 400);
    assert!(is_unavailable(&repository.read().await));
}

#[tokio::test]
async fn a_move_whose_answer_is_lost_is_no_conflict() {
    let moto = Moto::start();
    let repository = open(&moto, "lost-move").await;
    write(&repository, None).await;
    let lost = json!([{
        "target": "UpdateSecretVersionStage", "code": "InternalServiceError", "status": 500,
        "done": true,
    }]);
    moto.faults(&lost);
    let before = moto.calls("UpdateSecretVersionStage");
    let swapped = repository.compare_and_swap(Some(1), &ring(2)).await;
    assert!(is_unavailable(&swapped), "{swapped:?}");
    assert_eq!(moto.calls("UpdateSecretVersionStage"), before + 1);
    assert_eq!(repository.read().await.unwrap(), Some(ring(2)));
}

#[tokio::test]
async fn a_ring_that_is_made_is_made_though_the_answer_is_lost() {
    let moto = Moto::start();
    let repository = open(&moto, "lost-answer").await;
    let lost = |target| {
        json!([{
            "target": target, "code": "InternalServiceError", "status": 500, "done": true,
        }])
    };
    moto.faults(&lost("CreateSecret"));
    write(&repository, None).await;
    assert_eq!(moto.calls("CreateSecret"), 2);
    moto.faults(&lost("PutSecretValue"));
    write(&repository, Some(1)).await;
    assert_eq!(moto.calls("PutSecretValue"), 2);
    assert_eq!(repository.read().await.unwrap(), Some(ring(2)));
}

#[tokio::test]
async fn a_move_that_is_refused_although_nobody_was_faster_is_no_conflict() {
    let moto = Moto::start();
    let repository = open(&moto, "refused").await;
    write(&repository, None).await;
    moto.fails("UpdateSecretVersionStage", "InvalidParameterException", 400);
    let swapped = repository.compare_and_swap(Some(1), &ring(2)).await;
    assert!(is_unavailable(&swapped), "{swapped:?}");
    moto.faults(&json!([]));
    assert_eq!(repository.read().await.unwrap(), Some(ring(1)));
}

#[tokio::test]
async fn what_the_service_quotes_is_not_passed_on() {
    let moto = Moto::start();
    let repository = open(&moto, "quoted").await;
    write(&repository, None).await;
    for code in ["ValidationException", "AccessDeniedException"] {
        moto.faults(&json!([{
            "target": "GetSecretValue", "code": code, "status": 400,
            "message": "the reason",
        }]));
        let error = repository.read().await.unwrap_err();
        let shown = format!("{error:?}");
        assert!(shown.contains(code), "{shown}");
        // What is said of access quotes no values, and names who is missing which right.
        let tells = code == "AccessDeniedException";
        assert_eq!(shown.contains("the reason"), tells, "{shown}");
    }
}
