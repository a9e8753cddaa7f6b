//! A ring in Secrets Manager, wrapped by KMS.

use std::net::{Ipv4Addr, SocketAddr};

use privyseal_testkit::client;
use privyseal_testkit::moto::MotoApp;

use super::Service;
use crate::Place;

/// The ARN of a new key, which an administrator makes and not this program.
fn make_key(moto: &MotoApp) -> String {
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "TrentService.CreateKey"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/kms/aws4_request, \
                 SignedHeaders=host, Signature=0",
        ),
    ];
    let made = client::send(moto.address(), "POST", "/", &headers, "{}").unwrap();
    let made: serde_json::Value = serde_json::from_str(&made.body).unwrap();
    made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
}

fn service(address: SocketAddr, kek: String) -> Service {
    let place = Place::new();
    let environment = [
        ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "not-a-real-secret".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ];
    let files = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];
    let files = files.map(|name| (name, place.path("none").display().to_string()));
    Service {
        environment: environment.into_iter().chain(files).collect(),
        place,
        ring: "secretsmanager:shop/key-ring".to_owned(),
        kek,
    }
}

#[test]
fn a_ring_in_secrets_manager_is_kept_under_a_key_of_kms() {
    let moto = MotoApp::start().unwrap();
    let key = make_key(&moto);
    let mut service = service(moto.address(), format!("kms:{key}"));
    service.keeps_a_ring(
        "ring in AWS Secrets Manager at shop/key-ring",
        &format!("kms:{key}"),
    );
    service.kek = format!("kms:{}", make_key(&moto));
    let other = service.run(&["status"]);
    assert_eq!((other.code, other.stdout()), (Some(2), ""), "{other:?}");
    // AWS says that the key is another one, and moto that access is denied.
    let refusals = ["was wrapped by", "was denied"];
    assert!(
        refusals.iter().any(|why| other.stderr.contains(why)),
        "{other:?}"
    );
}

#[test]
fn a_service_that_is_away_is_an_outage_and_no_secret_is_said() {
    // Nobody listens on it.
    let service = service((Ipv4Addr::LOCALHOST, 1).into(), "kms:alias/ring".to_owned());
    let ran = service.run(&["status"]);
    assert_eq!((ran.code, ran.stdout()), (Some(2), ""), "{ran:?}");
    assert!(ran.stderr.contains("cannot be reached"), "{ran:?}");
    assert!(!ran.stderr.contains("not-a-real-secret"), "{ran:?}");
}
