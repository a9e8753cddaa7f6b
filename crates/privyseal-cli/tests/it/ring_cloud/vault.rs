//! A ring in Vault, wrapped by its transit engine.

use super::Service;
use crate::Place;
use crate::vault_tests::fake::{Fake, ROOT, TransitKey};

fn service(fake: &Fake) -> Service {
    let key = TransitKey::new("aes256-gcm96");
    fake.state().keys.insert("transit/ring".to_owned(), key);
    let place = Place::new();
    place.write("token", ROOT);
    let token = place.path("token").display().to_string();
    Service {
        place,
        environment: vec![("VAULT_ADDR", fake.url()), ("VAULT_TOKEN_FILE", token)],
        ring: "vault:secret/shop/ring".to_owned(),
        kek: "transit:transit/ring".to_owned(),
    }
}

#[test]
fn a_ring_in_vault_is_kept_under_a_key_of_its_transit_engine() {
    let fake = Fake::start();
    let service = service(&fake);
    service.keeps_a_ring("ring in Vault at secret/shop/ring", "vault:transit/ring");
    let seen = &fake.state().seen;
    assert!(seen.iter().all(|call| call.namespace.is_none()));
}

#[test]
fn a_namespace_goes_with_every_call() {
    let fake = Fake::start();
    let mut service = service(&fake);
    let namespace = ("VAULT_NAMESPACE", "team/shop".to_owned());
    service.environment.push(namespace);
    service.run(&["init"]);
    let seen = &fake.state().seen;
    let is_in = |namespace: &Option<String>| namespace.as_deref() == Some("team/shop");
    assert!(!seen.is_empty() && seen.iter().all(|call| is_in(&call.namespace)));
}

#[test]
fn a_token_that_is_refused_is_not_said_and_makes_nothing() {
    let fake = Fake::start();
    let mut service = service(&fake);
    service.place.write("token", "not-a-token-either");
    let refused = service.run(&["init"]);
    assert_eq!((refused.code, refused.stdout()), (Some(2), ""));
    assert!(refused.stderr.contains("was denied"), "{refused:?}");
    assert!(!refused.stderr.contains("not-a-token"), "{refused:?}");

    service.environment = vec![("VAULT_ADDR", fake.url())];
    let missing = service.run(&["init"]);
    assert_eq!((missing.code, missing.stdout()), (Some(2), ""));
    assert!(missing.stderr.contains("VAULT_TOKEN"), "{missing:?}");

    service.environment.clear();
    let nowhere = service.run(&["init"]);
    assert_eq!((nowhere.code, nowhere.stdout()), (Some(2), ""));
    assert!(
        nowhere
            .stderr
            .contains("the variable VAULT_ADDR is not set"),
        "{nowhere:?}"
    );
}
