use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::TcpListener;

use privyseal::SecretKey;

use crate::{KEY, Place, Ran};

/// In good ways and bad ones; standard input is the key, and so is the password of the stores.
const COMMANDS: &str = "\
key generate
key generate -o secret.key
key generate --force -o none/secret.key
key check secret.key
key check bad.key --encoding hex
key check long.key
key check --dotenv key.env
key check --dotenv key.env --name OTHER
key check --env LEAK_TEST_VARIABLE
key check --env LEAK_TEST_VARIABLE --encoding base64
key check -
key migrate --from env:LEAK_TEST_VARIABLE --into file:new --kek file:kek --dry-run
key migrate --from env:LEAK_TEST_VARIABLE --into file:new --kek file:kek
key migrate --from KEY --into file:new --kek file:kek
key migrate --from bad.key --key-encoding hex --into file:ring --kek file:kek
ring init --ring file:ring2 --kek file:kek --primary-from secret.key --dry-run
ring init --ring file:ring2 --kek file:kek --primary-from -
ring init --ring file:ring3 --kek file:kek --primary-from bad.key --key-encoding hex
ring init --ring file:ring3 --new-kek kek
ring init --ring file:ring3 --kek file:secret.key
ring init --ring file:ring4 --kek plain --primary-from secret.key
ring init --ring postgres://u:KEY@127.0.0.1:1/d --kek file:kek
ring init --ring sqlite:none/KEY --kek KEY
ring init --ring-file postgres.url --kek file:kek
ring init --ring-file secret.key --kek file:kek
ring status --ring file:ring --kek file:kek
ring status --ring file:ring4 --kek plain
ring status --ring-file redis.url --kek file:kek
ring status --ring KEY --kek pkcs11:KEY?pin-value=KEY
ring status --ring vault:KEY --kek file:kek
ring status --ring file:ring --kek transit:KEY
ring list --ring file:ring --kek file:kek
ring rotate --ring file:ring --kek file:kek --dry-run
ring rotate --ring file:ring --kek file:kek
ring stage --ring file:ring --kek file:kek
ring promote --ring file:ring --kek file:kek
ring import --ring file:ring --kek file:kek --from other.key --dry-run
ring import --ring file:ring --kek file:kek --from other.key
ring import --ring file:ring --kek file:kek --from secret.key
ring import --ring file:ring --kek file:kek --from long.key
ring suspend --ring file:ring --kek file:kek standby --dry-run
ring suspend --ring file:ring --kek file:kek standby --yes
ring resume --ring file:ring --kek file:kek 0000
ring destroy --ring file:ring --kek file:kek 0000
ring policy --ring file:ring --kek file:kek
ring policy --ring file:ring --kek file:kek --period 14d
ring history --ring file:ring --kek file:kek
ring verify --ring file:ring --kek file:kek
ring export --ring file:ring --kek file:kek --format flask -o flask.env
ring export --ring file:ring --kek file:kek --format django -o django.py
ring export --ring file:ring --kek file:kek --format rails -o rails.rb
ring export --ring file:ring --kek file:kek --format kubernetes -o secret.yaml
ring export --ring file:ring --kek file:kek --format flask -o -
ring revoke --ring file:ring --kek file:kek primary --yes --note leaked
ring revoke --ring file:ring --kek file:kek --all
ring rewrap --ring file:ring --kek file:kek --new-kek kek2 --dry-run
ring rewrap --ring file:ring --kek file:kek --new-kek kek2
token sign --key-file secret.key {}
token sign --key-file secret.key {
token sign --key-file - {}
token sign --key-file - -
token sign --key-fd 0 {}
token sign --key-file secret.key --format itsdangerous --key-derivation none 1
token verify --key-file secret.key TOKEN
token verify --key-file secret.key --max-age 0 --now 1 TOKEN
token verify --key-file bad.key --key-encoding hex TOKEN
token verify --key-file bad.key --key-encoding hex --danger-accept-weak-key TOKEN
token verify --key-file long.key --danger-accept-weak-key TOKEN
token verify --key-file secret.key --format sealed --reveal SEALED
token inspect --key-file secret.key TOKEN
token inspect --key-file secret.key SEALED
token inspect --key-file secret.key nonsense
cookie inspect --key-file secret.key session=TOKEN;id=SEALED
cookie inspect --key-file other.key session=TOKEN;id=SEALED
serve --data-dir data --listen TAKEN
serve --data-dir weak --listen TAKEN
serve --data-dir data --listen TAKEN --store memory
serve --data-dir data --store postgres://u:KEY@127.0.0.1:1/d
serve --data-dir data --store mysql://127.0.0.1:1/d?password=KEY
serve --data-dir data --store redis://u:KEY
serve --data-dir data --store KEY
serve --data-dir data --store sqlite:none/KEY.db --listen TAKEN --store-file secret.key
serve --data-dir data --store-file secret.key
serve --data-dir data --store-file -
serve --data-dir data --store-file postgres.url
serve --data-dir data --store-file mysql.url
serve --data-dir data --store-file redis.url
session list --data-dir data --subject ada
session list --subject ada --store-file postgres.url
session list --subject ada --store redis://u:KEY@127.0.0.1:1
session end --data-dir data --subject ada
session end --data-dir data --id x
session end --all --confirm all --store-file mysql.url
session end --all --store-file redis.url
completions bash
man
help";

/// Runs every command with a key, in good and bad ways, and looks for the key in what they print.
#[test]
fn no_output_of_any_command_contains_the_key() {
    let place = Place::with_keys();
    place.write("key.env", &format!("SECRET_KEY='{KEY}'\n"));
    place.write("bad.key", &KEY[1..]);
    place.write("long.key", &KEY.repeat(1025));
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
    // A port that nobody else can have, so that the server ends once it has read its keys.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    for (directory, key) in [("data", KEY), ("weak", &KEY.repeat(2)[1..])] {
        fs::create_dir_all(place.path(directory).join("keys")).unwrap();
        place.write(&format!("{directory}/keys/0001.key"), key);
    }

    for (name, scheme) in [
        ("postgres.url", "postgres"),
        ("mysql.url", "mysql"),
        ("redis.url", "redis"),
    ] {
        place.write(name, &format!("{scheme}://u:{KEY}@127.0.0.1:1/0\n"));
    }

    place.write("kek", &format!("privyseal-kek-1 {KEY}\n"));
    let mut init = vec!["ring", "init", "--ring", "file:ring", "--kek", "file:kek"];
    init.extend(["--primary-from", "secret.key"]);
    place.run(init).quietly();

    let needles = needles();
    let file = fs::read(place.path("secret.key")).unwrap();
    assert!(leak(&needles, &file).is_some(), "the search finds nothing");
    let mut run = BTreeSet::new();
    for line in COMMANDS.lines() {
        run.insert(line);
        let line = line.replace("TOKEN", &token).replace("SEALED", &sealed);
        let line = line.replace("TAKEN", &address).replace("KEY", KEY);
        for json in [None, Some("--json")] {
            let mut child = place.command(line.split_whitespace().chain(json));
            child
                .env("LEAK_TEST_VARIABLE", KEY)
                .env("RUST_BACKTRACE", "full")
                .stdin(File::open(place.path("secret.key")).unwrap());
            let ran = Ran::from(child.output().unwrap());
            let output = [ran.stdout.as_slice(), ran.stderr.as_bytes()].concat();
            if let Some(name) = leak(&needles, &output) {
                panic!("{line:?} prints the key ({name})");
            }
        }
    }
    for command in every_command(&place) {
        assert!(
            run.iter().any(|line| line.starts_with(&command)),
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
