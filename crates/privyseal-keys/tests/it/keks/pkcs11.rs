//! Keys in tokens of `SoftHSM`, a token directory and a process for each test: where the directory is
//! stands in the environment, which a process cannot change for itself.

use std::env;
use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use privyseal_keys::kek::{Envelope, FileKek, Kek, KekError, PinSource, Pkcs11Kek};
use privyseal_keys::{Overwrite, write_key_file};
use tokio::task::JoinSet;

use super::{RING, check_laws, check_ring, envelope, ring};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "correct-horse-1234";
const PIN_VARIABLE: &str = "PRIVYSEAL_TEST_TOKEN_PIN";
const PLACE: &str = "PRIVYSEAL_TEST_TOKEN_PLACE";

/// In the process of the tests: a place with a token `web`, and this test again in so many
/// processes that have it, one after the other. In those: the place.
fn with_token(test: &str, processes: usize) -> Option<PathBuf> {
    if let Some(place) = env::var_os(PLACE) {
        return Some(place.into());
    }
    let place = tempfile::tempdir().unwrap();
    let configuration = place.path().join("softhsm2.conf");
    let tokens = place.path().join("tokens");
    fs::create_dir(&tokens).unwrap();
    let lines = format!(
        "directories.tokendir = {}\nlog.level = ERROR\n",
        tokens.display()
    );
    fs::write(&configuration, lines).unwrap();
    write_key_file(
        place.path().join("pin"),
        format!("{PIN}\n").as_bytes(),
        Overwrite::Never,
    )
    .unwrap();
    let in_place = |program: &Path| {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", &configuration);
        command
    };
    for label in ["web", "other"] {
        let made = in_place(Path::new("softhsm2-util"))
            .args([
                "--init-token",
                "--free",
                "--label",
                label,
                "--so-pin",
                "12345678",
            ])
            .args(["--pin", PIN])
            .output()
            .expect("hint: install softhsm2 and libsofthsm2, or run `cargo xtask test`");
        assert!(made.status.success(), "{made:?}");
    }
    let name = format!("keks::pkcs11::{test}");
    for _ in 0..processes {
        let child = in_place(&env::current_exe().unwrap())
            .args([&name, "--exact", "--nocapture"])
            .env(PLACE, place.path())
            .env(PIN_VARIABLE, PIN)
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&child.stdout);
        let errors = String::from_utf8_lossy(&child.stderr);
        assert!(
            child.status.success() && output.contains("1 passed"),
            "{output}{errors}"
        );
        assert!(
            !output.contains(PIN) && !errors.contains(PIN),
            "{output}{errors}"
        );
    }
    None
}

fn kek(place: &Path, token: &str, key: &str) -> Pkcs11Kek {
    Pkcs11Kek::new(MODULE, token, key, PinSource::File(place.join("pin"))).unwrap()
}

fn assert_unfit<T: std::fmt::Debug>(answer: Result<T, KekError>, part: &str) {
    let error = answer.unwrap_err();
    assert!(
        matches!(error, KekError::Unfit { .. }) && error.to_string().contains(part),
        "{error}"
    );
}

/// A session with the token, past our own code.
fn session(label: &str) -> Session {
    let module = Pkcs11::new(MODULE).unwrap();
    // It may have begun already.
    let _ = module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let is_it = |slot: &_| module.get_token_info(*slot).unwrap().label() == label;
    let slot = module
        .get_slots_with_token()
        .unwrap()
        .into_iter()
        .find(is_it)
        .unwrap();
    let session = module.open_rw_session(slot).unwrap();
    let _ = session.login(UserType::User, Some(&AuthPin::from(PIN)));
    session
}

#[tokio::test]
async fn keys_in_tokens_keep_the_laws() {
    let Some(place) = with_token("keys_in_tokens_keep_the_laws", 1) else {
        return;
    };
    let kek = kek(&place, "web", "ring kek");
    kek.create_key().await.unwrap();
    check_laws(&kek).await;
}

#[tokio::test]
async fn a_ring_outlives_the_process_that_made_it() {
    let Some(place) = with_token("a_ring_outlives_the_process_that_made_it", 2) else {
        return;
    };
    let pin = PinSource::Variable(PIN_VARIABLE.to_owned());
    let kek = Pkcs11Kek::new(MODULE, "web", "kek", pin).unwrap();
    let document = place.join("ring");
    if document.exists() {
        envelope::read(&kek, &fs::read(document).unwrap()).await;
    } else {
        kek.create_key().await.unwrap();
        let (ring, envelope, _) = ring(&kek).await;
        let sealed = ring
            .seal(envelope.integrity_key(), envelope.slot())
            .unwrap();
        fs::write(document, &*sealed).unwrap();
    }
}

#[tokio::test]
async fn many_ask_a_token_at_once() {
    let Some(place) = with_token("many_ask_a_token_at_once", 1) else {
        return;
    };
    let first = kek(&place, "web", "kek");
    first.create_key().await.unwrap();
    let slot = Envelope::create(&first, RING)
        .await
        .unwrap()
        .slot()
        .to_vec();
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let (kek, slot) = (kek(&place, "web", "kek"), slot.clone());
        tasks.spawn(async move {
            for _ in 0..4 {
                Envelope::open(&kek, &slot).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
}

#[tokio::test]
async fn the_key_does_not_leave_its_token() {
    let Some(place) = with_token("the_key_does_not_leave_its_token", 1) else {
        return;
    };
    let kek = kek(&place, "web", "kek");
    kek.create_key().await.unwrap();
    let session = session("web");
    let keys = session
        .find_objects(&[Attribute::Label(b"kek".to_vec())])
        .unwrap();
    let asked = [
        AttributeType::Value,
        AttributeType::Sensitive,
        AttributeType::Extractable,
        AttributeType::Decrypt,
    ];
    let answers = session.get_attributes(keys[0], &asked).unwrap();
    assert!(
        !answers
            .iter()
            .any(|answer| matches!(answer, Attribute::Value(_)))
    );
    for (attribute, expected) in [
        (Attribute::Sensitive(true), true),
        (Attribute::Extractable(false), true),
        (Attribute::Decrypt(false), true),
    ] {
        assert_eq!(answers.contains(&attribute), expected, "{attribute:?}");
    }
    // What the calls put into the token for their time is not there any more.
    check_ring(&kek).await;
    assert_eq!(session.find_objects(&[]).unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_that_can_be_taken_out_is_refused() {
    let Some(place) = with_token("a_key_that_can_be_taken_out_is_refused", 1) else {
        return;
    };
    let open = [
        Attribute::Label(b"kek".to_vec()),
        Attribute::ValueLen(32.into()),
        Attribute::Token(true),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
        Attribute::Wrap(true),
        Attribute::Unwrap(true),
    ];
    session("web")
        .generate_key(&Mechanism::AesKeyGen, &open)
        .unwrap();
    let kek = kek(&place, "web", "kek");
    assert_unfit(Envelope::create(&kek, RING).await, "can be taken out");
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    let Some(place) = with_token("what_is_not_there_is_told_apart", 1) else {
        return;
    };
    // A token that is away may come back, a key does not.
    let away = kek(&place, "elsewhere", "kek")
        .wrap(b"secret", b"")
        .await
        .unwrap_err();
    assert!(away.is_unavailable(), "{away}");
    let pin = PinSource::File(place.join("pin"));
    let module = Pkcs11Kek::new(place.join("no.so"), "web", "kek", pin.clone()).unwrap();
    let away = module.wrap(b"secret", b"").await.unwrap_err();
    assert!(away.is_unavailable(), "{away}");
    let web = kek(&place, "web", "kek");
    assert_unfit(web.wrap(b"secret", b"").await, "there is no AES key");

    web.create_key().await.unwrap();
    assert_unfit(web.create_key().await, "already");
    web.wrap(b"secret", b"").await.unwrap();
    session("web")
        .generate_key(
            &Mechanism::AesKeyGen,
            &[
                Attribute::Label(b"kek".to_vec()),
                Attribute::ValueLen(32.into()),
                Attribute::Token(true),
            ],
        )
        .unwrap();
    assert_unfit(web.wrap(b"secret", b"").await, "several keys");

    let unset = PinSource::Variable("PRIVYSEAL_TEST_NO_SUCH_PIN".to_owned());
    let unset = Pkcs11Kek::new(MODULE, "web", "kek", unset).unwrap();
    assert_unfit(unset.wrap(b"secret", b"").await, "not set");
    for labels in [["", "kek"], ["web", ""], [&"x".repeat(33), "kek"]] {
        assert!(Pkcs11Kek::new(MODULE, labels[0], labels[1], pin.clone()).is_err());
    }
}

#[tokio::test]
async fn another_key_is_told_from_damage() {
    let Some(place) = with_token("another_key_is_told_from_damage", 1) else {
        return;
    };
    let [kek, second, other] = [("web", "kek"), ("web", "second"), ("other", "kek")]
        .map(|(token, key)| kek(&place, token, key));
    for kek in [&kek, &second, &other] {
        kek.create_key().await.unwrap();
    }
    let file = FileKek::create(place.join("kek")).unwrap();
    let envelope = Envelope::create(&kek, RING).await.unwrap();
    for wrong in [&second as &dyn Kek, &other, &file] {
        let refused = Envelope::open(wrong, envelope.slot()).await.unwrap_err();
        assert!(
            matches!(&refused, KekError::WrongKek { named, .. } if named == kek.id()),
            "{refused}"
        );
    }
    let mut damaged = envelope.slot().to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    let refused = Envelope::open(&kek, &damaged).await.unwrap_err();
    assert!(matches!(refused, KekError::Corrupt), "{refused}");
}

#[tokio::test]
async fn a_refused_pin_is_not_tried_again() {
    let Some(place) = with_token("a_refused_pin_is_not_tried_again", 1) else {
        return;
    };
    let path = place.join("pin");
    let good = fs::read(&path).unwrap();
    let kek = kek(&place, "web", "kek");
    fs::write(&path, "wrong-horse-1234").unwrap();
    for attempt in 0..3 {
        let denied = kek.create_key().await.unwrap_err();
        assert!(
            matches!(denied, KekError::Denied { .. }) && !denied.is_unavailable(),
            "{denied}"
        );
        let why = denied.source().unwrap().to_string();
        assert_eq!(why.contains("before"), attempt > 0, "{why}");
        let shown = format!("{denied} {denied:?} {why} {} {kek:?}", denied.hint());
        assert!(!shown.contains("horse"), "{shown}");
    }
    fs::write(&path, good).unwrap();
    kek.create_key().await.unwrap();
}

#[tokio::test]
async fn a_pin_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let Some(place) = with_token("a_pin_that_others_can_read_is_refused", 1) else {
        return;
    };
    fs::set_permissions(place.join("pin"), fs::Permissions::from_mode(0o644)).unwrap();
    let refused = kek(&place, "web", "kek").create_key().await.unwrap_err();
    assert!(
        matches!(refused, KekError::OpenToOthers { .. }),
        "{refused}"
    );
}
