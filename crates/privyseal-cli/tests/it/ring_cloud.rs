//! Key rings in AWS, as moto imitates it, and in Vault, as far as the server of its client's tests
//! goes.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "vault")]
mod vault;

use crate::{Place, Ran};

/// A ring in a service, and how it is reached.
struct Service {
    place: Place,
    environment: Vec<(&'static str, String)>,
    ring: String,
    kek: String,
}

impl Service {
    fn run(&self, arguments: &[&str]) -> Ran {
        let flags = ["--ring", &self.ring, "--kek", &self.kek];
        let arguments = ["ring"].iter().chain(arguments).chain(&flags);
        let mut command = self.place.command(arguments);
        // What this machine has of its own is not what is tested.
        for name in [
            "AWS_PROFILE",
            "VAULT_ADDR",
            "VAULT_NAMESPACE",
            "VAULT_TOKEN",
        ] {
            command.env_remove(name);
        }
        let environment = self.environment.iter();
        command.envs(environment.map(|(name, value)| (name, value)));
        Ran::from(command.output().unwrap())
    }
}

#[cfg(any(feature = "aws", feature = "vault"))]
impl Service {
    #[track_caller]
    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let ran = self.run(&[&["--json"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.json()
    }

    /// A ring is made, looked at and rotated, as anywhere.
    #[track_caller]
    fn keeps_a_ring(&self, place: &str, kek: &str) {
        let none = self.run(&["status"]);
        assert_eq!(none.code, Some(2), "{none:?}");
        assert!(
            none.stderr.contains("there is no key ring here"),
            "{none:?}"
        );
        let made = self.run(&["init", "--propagation", "30s"]);
        assert!(made.quietly().starts_with("ring "), "{made:?}");
        let again = self.run(&["init"]);
        assert_eq!(again.code, Some(2), "{again:?}");
        assert!(
            again.stderr.contains("there is a key ring here already"),
            "{again:?}"
        );
        let status = self.json(&["status"]);
        assert_eq!(status["generation"], 1);
        assert_eq!(status["place"], place);
        assert_eq!(status["kek"], kek);
        assert_eq!(status["policy_seconds"]["propagation"], 30);
        let rehearsed = self.json(&["rotate", "--dry-run"]);
        assert_eq!(rehearsed["generation"], 2);
        let rotated = self.json(&["rotate"]);
        assert_eq!(rotated["generation"], 2);
        assert_eq!(rotated["next_signer"], status["standby"]["id"]);
        assert_eq!(self.json(&["status"])["generation"], 2);
        assert_eq!(self.json(&["verify"])["sound"], true);
    }
}

/// What a program says that is built without it.
#[cfg(not(all(feature = "aws", feature = "vault")))]
#[test]
fn a_service_that_is_not_built_in_is_named_by_its_feature() {
    for (ring, kek, feature, is_built_in) in [
        ("secretsmanager:a", "plain", "aws", cfg!(feature = "aws")),
        ("file:ring", "kms:alias/a", "aws", cfg!(feature = "aws")),
        ("vault:a/b", "plain", "vault", cfg!(feature = "vault")),
        ("file:ring", "transit:a/b", "vault", cfg!(feature = "vault")),
    ] {
        if is_built_in {
            continue;
        }
        let service = Service {
            place: Place::new(),
            environment: Vec::new(),
            ring: ring.to_owned(),
            kek: kek.to_owned(),
        };
        for verb in ["init", "status", "rotate"] {
            let ran = service.run(&[verb]);
            assert_eq!((ran.code, ran.stdout()), (Some(2), ""), "{ran:?}");
            let said = format!(
                "error: this program was built without the feature `{feature}`\n\nhint: build it"
            );
            assert!(ran.stderr.starts_with(&said), "{ran:?}");
        }
        assert!(!service.place.path("ring").exists());
    }
}
