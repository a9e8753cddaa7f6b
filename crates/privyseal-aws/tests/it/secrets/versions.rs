//! What writes leave behind in the secret.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;

/// The labels of the secret that are ours.
async fn labels(moto: &Moto, name: &str) -> BTreeSet<String> {
    let operator = operator(moto).await;
    let secret = operator.describe_secret().secret_id(name);
    let versions = secret.send().await.unwrap().version_ids_to_stages.unwrap();
    let labels = versions.into_values().flatten();
    labels.filter(|label| !label.starts_with("AWS")).collect()
}

#[tokio::test]
async fn a_write_leaves_no_label_whether_it_was_done_or_not() {
    let moto = Moto::start();
    let [one, other] = [open(&moto, "labels").await, open(&moto, "labels").await];
    write(&one, None).await;
    for generation in 1..9 {
        let new = ring(generation + 1);
        let [one, other] = tokio::join!(
            one.compare_and_swap(Some(generation), &new),
            other.compare_and_swap(Some(generation), &new),
        )
        .into();
        assert_ne!(one.unwrap(), other.unwrap());
    }
    assert_eq!(labels(&moto, "labels").await, BTreeSet::new());
}

#[tokio::test]
async fn writers_that_die_leave_a_bounded_number_of_labels_and_stop_nobody() {
    let moto = Moto::start();
    let repository = open(&moto, "dead").await;
    write(&repository, None).await;
    let dead = json!({
        "target": "UpdateSecretVersionStage", "code": "InternalServiceError", "status": 500,
    });
    for _ in 0..60 {
        moto.faults(&json!([dead]));
        let swapped = repository.compare_and_swap(Some(1), &ring(2)).await;
        assert!(swapped.is_err());
    }
    let left = labels(&moto, "dead").await;
    assert!((8..=16).contains(&left.len()), "{left:?}");
    write(&repository, Some(1)).await;
    assert_eq!(repository.read().await.unwrap(), Some(ring(2)));
}
