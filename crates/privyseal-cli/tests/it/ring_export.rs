//! Keys of a ring as other frameworks read them.

use std::process::Command;

use privyseal_testkit::flask::python;

use crate::ring::Ring;
use crate::{KEY, OTHER_KEY, Place, mode};

/// A ring whose primary is the text of `secret.key`, and which verifies that of `other.key`.
fn ring() -> Ring {
    let ring = Ring::with("file:ring", &["--primary-from", "secret.key"]);
    ring.json(&["import", "--from", "other.key"]);
    ring
}

#[test]
fn keys_are_exported_to_a_file_for_its_owner_alone_and_shown_nowhere() {
    let ring = ring();
    for (format, first, further) in [
        ("flask", "SECRET_KEY=3661", "SECRET_KEY_FALLBACKS=[\""),
        (
            "django",
            "SECRET_KEY = \"6a1f",
            "SECRET_KEY_FALLBACKS = [\n\"",
        ),
        ("rails", "secret_key_base = '6a1f", "former_secrets = [\n'"),
        (
            "kubernetes",
            "  SECRET_KEY: \"3661",
            "  SECRET_KEY_FALLBACKS: '[\"",
        ),
    ] {
        let arguments = ["export", "--format", format, "-o", format];
        let ran = ring.run(&arguments);
        assert_eq!(
            (ran.code, ran.stdout()),
            (Some(0), &*format!("wrote 3 keys to {format}\n"))
        );
        assert!(
            ran.stderr
                .starts_with("warning: exported keys do not rotate"),
            "{ran:?}"
        );
        let file = std::fs::read_to_string(ring.place.path(format)).unwrap();
        assert!(file.contains(first) && file.contains(further), "{format}");
        assert_eq!(mode(&ring.place.path(format)), 0o600);
        let again = ring.run(&arguments);
        assert_eq!(again.code, Some(2), "{again:?}");
        let forced = ring.run(&[&arguments[..], &["--force", "--json"]].concat());
        assert_eq!(
            forced.json()["keys"].as_array().unwrap().len(),
            3,
            "{forced:?}"
        );
    }
}

#[test]
fn revoked_and_suspended_keys_are_not_exported() {
    let ring = ring();
    ring.json(&["revoke", "primary", "--yes"]);
    let listed = ring.json(&["list"]);
    let imported = listed["keys"][2]["id"].as_str().unwrap();
    ring.json(&["suspend", imported, "--yes"]);
    ring.run(&["export", "--format", "django", "-o", "settings.py"]);
    let file = std::fs::read_to_string(ring.place.path("settings.py")).unwrap();
    assert!(!file.contains(KEY) && !file.contains(OTHER_KEY));
}

fn run_python(place: &Place, script: &str, arguments: &[&str]) -> String {
    let ran = Command::new(python().unwrap())
        .args(["-c", script])
        .args(arguments)
        .current_dir(place.path("."))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{stderr}");
    String::from_utf8(ran.stdout).unwrap().trim_end().to_owned()
}

/// As the comment in the file says.
const FLASK: &str = r##"
import flask, json, sys

lines = [line for line in open("flask.env").read().splitlines() if not line.startswith("#")]
env = dict(line.split("=", 1) for line in lines)
app = flask.Flask("reader")
app.secret_key = bytes.fromhex(env["SECRET_KEY"])
fallbacks = json.loads(env["SECRET_KEY_FALLBACKS"])
app.config["SECRET_KEY_FALLBACKS"] = [bytes.fromhex(key) for key in fallbacks]
serializer = app.session_interface.get_signing_serializer(app)
if sys.argv[1] == "sign":
    print(serializer.dumps({"user": "Ada"}))
else:
    print(serializer.loads(sys.argv[2])["user"])
"##;

#[test]
fn flask_and_the_ring_read_each_others_sessions() {
    let ring = ring();
    ring.run(&["export", "--format", "flask", "-o", "flask.env"]);
    let token = run_python(&ring.place, FLASK, &["sign"]);
    let verify = ["token", "verify", "--key-file", "secret.key", &token];
    assert_eq!(
        ring.place.run(verify).code,
        Some(0),
        "Flask signs with the first key"
    );
    for key in ["secret.key", "other.key"] {
        let sign = ["token", "sign", "--key-file", key, r#"{"user":"Ada"}"#];
        let token = ring.place.run(sign).quietly().trim_end().to_owned();
        assert_eq!(
            run_python(&ring.place, FLASK, &["verify", &token]),
            "Ada",
            "{key}"
        );
    }
}

#[test]
fn settings_for_django_are_python() {
    let ring = ring();
    ring.run(&["export", "--format", "django", "-o", "settings.py"]);
    let script = "import settings as s; print(s.SECRET_KEY, *s.SECRET_KEY_FALLBACKS)";
    let read = run_python(&ring.place, script, &[]);
    let keys: Vec<&str> = read.split(' ').collect();
    assert_eq!((keys.len(), keys[0], keys[1]), (3, KEY, OTHER_KEY));
}
