use std::collections::BTreeSet;

use privyseal::SecretKey;

use crate::{KEY, Place, Ran};

/// Runs every command with a key, in good and bad ways, and looks for the key in what they print.
#[test]
fn no_output_of_any_command_contains_the_key() {
    let place = Place::with_keys();
    place.write("key.env", &format!("SECRET_KEY='{KEY}'\n"));
    place.write("key.hex.bad", &KEY[1..]);
    place.write("key.long", &KEY.repeat(1025));
    place.write("key.fallbacks", &format!("[\"{KEY}\""));
    let token = place.run(["token", "sign", "--key-file", "secret.key", "{}"]);
    let token = token.quietly().trim_end().to_owned();
    let sealed = [
        "token",
        "sign",
        "--key-file",
        "secret.key",
        "--format",
        "sealed",
        "x",
    ];
    let sealed = place.run(sealed).quietly().trim_end().to_owned();
    let cookie = format!("session={token}; id={sealed}");

    let commands: &[&[&str]] = &[
        &["key", "generate"],
        &["key", "generate", "-o", "secret.key"],
        &["key", "check", "secret.key"],
        &["key", "check", "key.hex.bad", "--encoding", "hex"],
        &["key", "check", "key.long"],
        &["key", "check", "--dotenv", "key.env"],
        &["key", "check", "--dotenv", "key.env", "--name", "OTHER"],
        &["key", "check", "--env", "LEAK_TEST_KEY"],
        &[
            "key",
            "check",
            "--env",
            "LEAK_TEST_KEY",
            "--encoding",
            "base64",
        ],
        &["key", "check", "-"],
        &["token", "sign", "--key-file", "secret.key", "{}"],
        &["token", "sign", "--key-file", "secret.key", "{"],
        &["token", "sign", "--key-file", "-", "{}"],
        &["token", "sign", "--key-file", "-", "-"],
        &["token", "sign", "--key-fd", "0", "{}"],
        &[
            "token",
            "sign",
            "--key-file",
            "secret.key",
            "--format",
            "itsdangerous",
            "--key-derivation",
            "none",
            "1",
        ],
        &["token", "verify", "--key-file", "secret.key", &token],
        &[
            "token",
            "verify",
            "--key-file",
            "secret.key",
            "--max-age",
            "0",
            "--now",
            "1",
            &token,
        ],
        &[
            "token",
            "verify",
            "--key-file",
            "key.hex.bad",
            "--key-encoding",
            "hex",
            &token,
        ],
        &[
            "token",
            "verify",
            "--key-file",
            "key.hex.bad",
            "--key-encoding",
            "hex",
            "--danger-accept-weak-key",
            &token,
        ],
        &[
            "token",
            "verify",
            "--key-file",
            "key.long",
            "--danger-accept-weak-key",
            &token,
        ],
        &[
            "token",
            "verify",
            "--key-file",
            "secret.key",
            "--format",
            "sealed",
            "--reveal",
            &sealed,
        ],
        &["token", "inspect", "--key-file", "secret.key", &token],
        &["token", "inspect", "--key-file", "secret.key", &sealed],
        &["token", "inspect", "--key-file", "secret.key", "nonsense"],
        &["cookie", "inspect", "--key-file", "secret.key", &cookie],
        &["cookie", "inspect", "--key-file", "other.key", &cookie],
        &["completions", "bash"],
        &["man"],
        &["help"],
    ];
    let needles = needles();
    let file = std::fs::read(place.path("secret.key")).unwrap();
    assert!(leak(&needles, &file).is_some(), "the search finds nothing");
    let mut run = BTreeSet::new();
    for command in commands {
        run.insert(
            command
                .iter()
                .take(2)
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
        );
        for json in [None, Some("--json")] {
            let mut child = place.command(command.iter().copied().chain(json));
            child
                .env("LEAK_TEST_KEY", KEY)
                .env("RUST_BACKTRACE", "full");
            child.stdin(std::fs::File::open(place.path("secret.key")).unwrap());
            let ran = Ran::from(child.output().unwrap());
            let output = [ran.stdout.as_slice(), ran.stderr.as_bytes()].concat();
            if let Some(name) = leak(&needles, &output) {
                panic!("{command:?} prints the key ({name})");
            }
        }
    }
    for command in every_command(&place) {
        assert!(
            run.iter().any(|name| name.starts_with(&command)),
            "{command} was not run"
        );
    }
}

fn leak<'n>(needles: &'n [(String, Vec<u8>)], output: &[u8]) -> Option<&'n str> {
    let found = |needle: &[u8]| output.windows(needle.len()).any(|window| window == needle);
    let (name, _) = needles.iter().find(|(_, needle)| found(needle))?;
    Some(name)
}

/// The key in every form, and every quarter of its text.
fn needles() -> Vec<(String, Vec<u8>)> {
    let as_text = SecretKey::from_text(KEY).unwrap();
    let as_bytes = SecretKey::from_hex(KEY).unwrap();
    let mut needles = vec![("upper-case hex".to_owned(), KEY.to_uppercase().into_bytes())];
    for (what, key) in [("text", as_text), ("bytes", as_bytes)] {
        for (form, text) in [
            ("hex", key.expose_hex()),
            ("base64", key.expose_base64()),
            ("base64url", key.expose_base64url()),
        ] {
            let text = text.trim_end_matches('=').as_bytes().to_vec();
            needles.push((format!("{form} of the {what}"), text));
        }
    }
    let raw = (0..KEY.len()).step_by(2);
    let raw = raw.map(|at| u8::from_str_radix(&KEY[at..at + 2], 16).unwrap());
    needles.push(("raw bytes".to_owned(), raw.collect()));
    for part in KEY.as_bytes().windows(16) {
        needles.push(("a part of it".to_owned(), part.to_vec()));
    }
    needles
}

/// The names of all commands, from the program's own help.
fn every_command(place: &Place) -> Vec<String> {
    let listed = |arguments: &[&str]| -> Vec<String> {
        let ran = place.run([arguments, &["-h"]].concat());
        let help = ran.quietly();
        let Some((_, list)) = help.split_once("\nCommands:\n") else {
            return Vec::new();
        };
        let lines = list.lines().take_while(|line| !line.is_empty());
        let names = lines.filter_map(|line| line.split_whitespace().next());
        names.map(str::to_owned).collect()
    };
    let mut commands = Vec::new();
    for noun in listed(&[]) {
        let verbs = if noun == "help" {
            Vec::new()
        } else {
            listed(&[&noun])
        };
        if verbs.is_empty() {
            commands.push(noun);
            continue;
        }
        let verbs = verbs.iter().filter(|verb| *verb != "help");
        commands.extend(verbs.map(|verb| format!("{noun} {verb}")));
    }
    assert!(commands.len() >= 9, "{commands:?}");
    commands
}
