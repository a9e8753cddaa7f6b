use std::fs;

use crate::{KEY, Place, mode};

#[test]
fn every_format_is_a_key_of_32_bytes() {
    let place = Place::new();
    for (format, length, encoding) in [
        ("hex", 64, "hex"),
        ("base64", 44, "base64"),
        ("urlsafe", 43, "urlsafe"),
    ] {
        let ran = place.run(["key", "generate", "--format", format]);
        let key = ran.quietly().strip_suffix('\n').unwrap();
        assert_eq!(key.len(), length, "{format}");
        let check = ["key", "check", "-", "--json", "--encoding", encoding];
        let verdict = place.run_with_stdin(check, ran.stdout()).json();
        assert_eq!(verdict["length_bytes"], 32);
        assert_eq!(verdict["accepted"], true);
        // As text, too: that is how Flask takes it.
        assert_eq!(
            place
                .run_with_stdin(["key", "check", "-"], ran.stdout())
                .code,
            Some(0)
        );
    }
    let raw = place.run(["key", "generate", "--format", "raw"]);
    assert_eq!((raw.code, raw.stdout.len()), (Some(0), 32));
}

#[test]
fn two_keys_are_never_the_same() {
    let place = Place::new();
    let [one, two] = [(), ()].map(|()| place.run(["key", "generate"]));
    assert_ne!(one.quietly(), two.quietly());
}

#[test]
fn a_dotenv_line_is_checked_where_it_was_written() {
    let place = Place::new();
    let line = place.run(["key", "generate", "--format", "dotenv"]);
    assert!(line.quietly().starts_with("SECRET_KEY="));
    let named = [
        "key", "generate", "--format", "dotenv", "--name", "MY_KEY", "-o", ".env",
    ];
    assert_eq!(place.run(named).quietly(), "");
    let check = ["key", "check", "--dotenv", ".env", "--name", "MY_KEY"];
    assert!(
        place
            .run(check)
            .quietly()
            .starts_with("verdict    accepted\nsource     MY_KEY in file .env\n")
    );
    let missing = place.run(["key", "check", "--dotenv", ".env"]);
    assert_eq!(missing.code, Some(2));
    assert_eq!(
        missing.stderr,
        "error: no variable SECRET_KEY in file .env\n\nhint: name another one with --name\n"
    );
}

#[cfg(unix)]
#[test]
fn a_file_is_for_its_owner_and_not_overwritten_without_force() {
    let place = Place::new();
    let generate = ["key", "generate", "-o", "secret.key"];
    assert_eq!(place.run(generate).quietly(), "");
    assert_eq!(mode(&place.path("secret.key")), 0o600);
    let first = fs::read(place.path("secret.key")).unwrap();

    let refused = place.run(generate);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused
            .stderr
            .starts_with("error: secret.key exists already\n\nhint: "),
        "{refused:?}"
    );
    assert_eq!(fs::read(place.path("secret.key")).unwrap(), first);

    let forced = place.run(["key", "generate", "-o", "secret.key", "--force", "--json"]);
    let json = forced.json();
    assert_eq!(json["path"], "secret.key");
    assert_eq!(json["key"], serde_json::Value::Null);
    assert_ne!(fs::read(place.path("secret.key")).unwrap(), first);
    assert_eq!(mode(&place.path("secret.key")), 0o600);
}

#[test]
fn a_failed_generate_leaves_no_file() {
    let place = Place::new();
    let ran = place.run(["key", "generate", "-o", "none/secret.key"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("\n  caused by: "), "{ran:?}");
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 0);
}

#[test]
fn a_verdict_says_why_and_what_to_do() {
    let place = Place::new();
    let ran = place.run_with_stdin(["key", "check", "-"], "changeme\n");
    assert_eq!(ran.code, Some(1));
    let text = ran.stdout();
    assert!(text.starts_with("verdict    refused\nsource     standard input\nreason     the secret key is a placeholder\n"), "{text}");
    assert!(text.contains("\nfix        "), "{text}");

    let json = place
        .run_with_stdin(["key", "check", "-", "--json"], "changeme\n")
        .json();
    assert_eq!(json["accepted"], false);
    assert_eq!(json["reasons"][0]["code"], "placeholder");
    let malformed = ["key", "check", "-", "--json", "--encoding", "hex"];
    let json = place.run_with_stdin(malformed, "c0ffee?").json();
    assert_eq!(json["reasons"][0]["code"], "malformed");
}

#[test]
fn a_variable_is_checked_by_its_name() {
    let place = Place::new();
    let check = |value: Option<&str>| {
        let mut command = place.command(["key", "check", "--env", "APP_KEY"]);
        value.map(|value| command.env("APP_KEY", value));
        crate::Ran::from(command.output().unwrap())
    };
    assert_eq!(check(Some(KEY)).code, Some(0));
    assert_eq!(check(Some("")).code, Some(1));
    let unset = check(None);
    assert_eq!(unset.code, Some(2));
    assert_eq!(
        unset.stderr,
        "error: no secret key: neither APP_KEY nor APP_KEY_FILE is set\n\nhint: run `privyseal key \
         generate --format dotenv --name APP_KEY` and put the line into the environment of the \
         application\n"
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::with_keys();
    let path = place.path("secret.key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let ran = place.run(["token", "sign", "--key-file", "secret.key", "{}"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(
        ran.stderr,
        "warning: key file secret.key is open to others than its owner (mode 0640)\nhint: run \
         `chmod 600 secret.key`\n\n"
    );
    let json = place.run(["key", "check", "secret.key", "--json"]).json();
    assert_eq!(json["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn colour_comes_when_asked_for_and_changes_no_word() {
    let place = Place::with_keys();
    let check = |color: &str| place.run(["key", "check", "secret.key", "--color", color]);
    let plain = check("never").quietly().to_owned();
    assert_eq!(check("auto").quietly(), plain);
    let coloured = check("always").quietly().to_owned();
    assert_eq!(
        coloured.replace("\x1b[1;32m", "").replace("\x1b[0m", ""),
        plain
    );
    assert_ne!(coloured, plain);

    let forced = |name: &str, value: &str| {
        let mut command = place.command(["key", "check", "secret.key"]);
        crate::Ran::from(command.env(name, value).output().unwrap())
    };
    assert_eq!(forced("CLICOLOR_FORCE", "1").quietly(), coloured);
    assert_eq!(forced("NO_COLOR", "1").quietly(), plain);
}
