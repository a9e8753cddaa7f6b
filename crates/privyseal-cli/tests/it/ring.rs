//! Key rings as their operator makes, changes and looks at them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use privyseal::SystemClock;
use privyseal::ring::{KeyRecord, Operation};
use privyseal_keys::ring::Keeper;
use privyseal_server::{KekChoice, RingUrl, open_keeper};
use privyseal_testkit::servers::postgres::PostgresServer;
use serde_json::Value as Json;

use crate::{Place, Ran};

/// Times so short that a test can live through them.
const FAST: [&str; 16] = [
    "--poll",
    "1s",
    "--lease",
    "2s",
    "--skew",
    "1s",
    "--activation",
    "6s",
    "--period",
    "12s",
    "--token-life",
    "1h",
    "--hold",
    "0",
    "--propagation",
    "0",
];

/// A ring, and the flags that name it.
pub(crate) struct Ring {
    pub(crate) place: Place,
    pub(crate) flags: Vec<String>,
}

impl Ring {
    /// In files, with the usual policy.
    pub(crate) fn new() -> Self {
        Self::with("file:ring", &[])
    }

    pub(crate) fn with(url: &str, further: &[&str]) -> Self {
        let place = Place::with_keys();
        place.write("ring.url", &format!("{url}\n"));
        let mut init = vec![
            "ring",
            "init",
            "--ring-file",
            "ring.url",
            "--new-kek",
            "kek",
        ];
        init.extend(further);
        let made = place.run(init);
        assert!(made.quietly().starts_with("ring "), "{made:?}");
        let flags = ["--ring-file", "ring.url", "--kek", "file:kek"];
        Self {
            place,
            flags: flags.map(str::to_owned).into(),
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let flags = self.flags.iter().map(String::as_str);
        let arguments = arguments.iter().copied();
        self.place
            .run(["ring"].into_iter().chain(arguments).chain(flags))
    }

    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Json {
        let ran = self.run(&[&["--json"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.json()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.json(&["list"])["generation"].as_u64().unwrap()
    }

    /// The ids of the keys by how they stand.
    pub(crate) fn standings(&self) -> BTreeMap<String, String> {
        let listed = self.json(&["list"]);
        let keys = listed["keys"].as_array().unwrap().iter();
        keys.map(|key| (text(&key["id"]), text(&key["standing"])))
            .collect()
    }

    fn key(&self, standing: &str) -> String {
        let standings = self.standings();
        let found = standings.iter().find(|(_, is)| *is == standing);
        found
            .unwrap_or_else(|| panic!("{standing}: {standings:?}"))
            .0
            .clone()
    }

    /// Tries until the time for it has come.
    fn run_in_time(&self, arguments: &[&str]) -> Ran {
        let start = Instant::now();
        loop {
            let ran = self.run(arguments);
            let is_early = ran.code == Some(2)
                && (ran.stderr.contains("may not sign before")
                    || ran.stderr.contains("about to take over"));
            if !is_early || start.elapsed() > Duration::from_mins(1) {
                return ran;
            }
        }
    }
}

fn text(value: &Json) -> String {
    value.as_str().unwrap().to_owned()
}

/// Every command on a ring in this place, in the order of a life.
fn lives_through(url: &str) {
    let mut ring = Ring::with(url, &FAST);
    let again = ring.place.run([
        "ring",
        "init",
        "--ring-file",
        "ring.url",
        "--kek",
        "file:kek",
    ]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(
        again.stderr.contains("there is a key ring here already"),
        "{again:?}"
    );

    let first = ring.key("signs");
    let second = ring.key("staged");
    let rotated = ring.json(&["rotate"]);
    assert_eq!(
        (&rotated["generation_before"], &rotated["generation"]),
        (&1.into(), &2.into())
    );
    assert_eq!(text(&rotated["next_signer"]), second);
    assert!(text(&rotated["next_signer_at"]).ends_with('Z'));
    assert_eq!(rotated["known_everywhere_within_seconds"], 2);

    let imported = ring.json(&["import", "--from", "other.key", "--note", "of another time"]);
    assert_eq!(imported["generation"], 3);
    let what = imported["changes"][0]["what"].as_str().unwrap();
    assert!(
        what.starts_with("imported, verify-only, verifies until "),
        "{imported}"
    );
    let legacy = text(&imported["changes"][0]["key"]);

    assert_eq!(
        ring.json(&["suspend", &legacy[..6], "--yes"])["generation"],
        4
    );
    assert_eq!(ring.standings()[&legacy], "suspended");
    ring.json(&["resume", &legacy]);
    assert_eq!(ring.standings()[&legacy], "verifies");

    let promoted = ring.run_in_time(&["promote", "--json"]);
    assert_eq!(promoted.json()["generation"], 6, "{promoted:?}");
    assert_eq!(ring.standings()[&first], "verifies");
    assert_eq!(ring.standings()[&second], "verifies");

    let primary = ring.key("signs");
    let revoked = ring.run(&["revoke", "primary", "--yes", "--note", "leaked", "--json"]);
    assert_eq!(revoked.json()["generation"], 7, "{revoked:?}");
    assert_ne!(text(&revoked.json()["signer"]), primary);
    assert_eq!(ring.standings()[&primary], "revoked");
    let destroyed = ring.json(&["destroy", &primary]);
    assert_eq!(destroyed["changes"][0]["what"], "destroyed");
    assert_eq!(ring.standings()[&primary], "destroyed_revoked");

    let verified = ring.json(&["verify"]);
    assert_eq!(
        (&verified["sound"], &verified["checked_generations"]),
        (&true.into(), &8.into())
    );
    let rewrapped = ring.run(&["rewrap", "--new-kek", "kek2"]);
    assert_eq!(rewrapped.code, Some(0), "{rewrapped:?}");
    assert!(
        rewrapped.stdout().contains("keys are wrapped anew"),
        "{rewrapped:?}"
    );
    let shut_out = ring.run(&["status"]);
    assert_eq!(shut_out.code, Some(2), "{shut_out:?}");
    assert!(shut_out.stderr.contains("was wrapped by"), "{shut_out:?}");
    "file:kek2".clone_into(&mut ring.flags[3]);
    let partly = ring.json(&["verify"]);
    assert_eq!(partly["sound"], true);
    assert_eq!(
        partly["not_checked"].as_array().unwrap().len(),
        8,
        "{partly}"
    );
    let fully = ring.json(&["verify", "--old-kek", "file:kek"]);
    assert_eq!(fully["checked_generations"], 9, "{fully}");

    let history = ring.json(&["history", "--old-kek", "file:kek"]);
    let generations = history["generations"].as_array().unwrap();
    assert_eq!(generations.len(), 9);
    assert_eq!(
        generations[0]["changes"][0]["what"],
        "5 keys are wrapped anew"
    );
    assert!(
        generations[8]["changes"][0]["what"]
            .as_str()
            .unwrap()
            .starts_with("new, primary")
    );

    let all = ring.json(&["revoke", "--all", "--yes"]);
    assert_eq!(all["generation"], 10);
    let standings = ring.standings();
    assert_eq!(
        standings.values().filter(|it| *it == "revoked").count(),
        5,
        "{standings:?}"
    );
    assert_eq!(standings.values().filter(|it| *it == "signs").count(), 1);
}

#[test]
fn a_ring_in_files_lives_through_every_command() {
    lives_through("file:ring");
}

#[test]
fn a_ring_in_sqlite_lives_through_every_command() {
    lives_through("sqlite:ring.db#shop");
}

#[test]
fn a_ring_in_postgresql_lives_through_every_command() {
    lives_through(&PostgresServer::shared().database().unwrap());
}

/// The bytes of every file below.
fn content(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut content = BTreeMap::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            content.extend(self::content(&path));
        } else {
            content.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    content
}

#[test]
fn a_dry_run_shows_what_would_change_and_writes_nothing() {
    let ring = Ring::new();
    ring.json(&["import", "--from", "other.key"]);
    let legacy = ring.key("verifies");
    ring.json(&["suspend", &legacy, "--yes"]);
    let before = content(&ring.place.path("."));
    for arguments in [
        &["rotate"][..],
        &["rotate", "--at", "29d"],
        &["import", "--from", "secret.key", "--verify-until", "2h"],
        &["suspend", "standby"],
        &["suspend", "primary"],
        &["resume", &legacy],
        &["revoke", "primary"],
        &["revoke", "--all"],
        &["rewrap"],
        &["rewrap", "--new-kek", "kek2"],
        &["policy", "--token-life", "7d"],
    ] {
        let ran = ring.run(&[arguments, &["--dry-run"]].concat());
        assert_eq!(ran.code, Some(0), "{arguments:?} {ran:?}");
        let first = "generation 3 -> 4 (dry run: nothing was written)\n";
        assert!(ran.stdout().starts_with(first), "{arguments:?} {ran:?}");
        let json = ring.json(&[arguments, &["--dry-run"]].concat());
        assert_eq!(json["dry_run"], true, "{json}");
        assert_eq!(json["generation"], 4, "{json}");
        assert!(!json["changes"].as_array().unwrap().is_empty(), "{json}");
    }
    for arguments in [
        &[
            "ring",
            "init",
            "--ring",
            "file:other",
            "--new-kek",
            "kek2",
            "--dry-run",
        ][..],
        &[
            "ring",
            "init",
            "--ring",
            "sqlite:other.db",
            "--kek",
            "file:kek",
            "--dry-run",
        ],
        &[
            "key",
            "migrate",
            "--from",
            "secret.key",
            "--into",
            "sqlite:other.db",
            "--kek",
            "file:kek",
            "--dry-run",
        ],
    ] {
        let ran = ring.place.run(arguments.iter().copied());
        assert!(
            ran.quietly().contains("dry run: nothing was written"),
            "{ran:?}"
        );
    }
    assert_eq!(content(&ring.place.path(".")), before);
}

#[test]
fn what_is_refused_keeps_the_ring_and_says_why() {
    let ring = Ring::new();
    let standby = ring.key("staged");
    let refused: &[(&[&str], &str)] = &[
        (&["promote"], "may not sign before 20"),
        (&["rotate", "--at", "1s"], "may not sign before 20"),
        (&["rotate", "--at", "60d"], "has to be set to sign by 20"),
        (&["rotate", "--at", "soon"], "write a length of time"),
        (&["stage"], "has a standby already"),
        (&["resume", "primary"], "cannot resume"),
        (&["resume", "0123456789abcdef"], "has no such key"),
        (&["resume", &standby[..1]], "may be one of several"),
        (&["destroy", &standby], "cannot destroy"),
        (&["policy", "--lease", "30s"], "lease is 30 s, less than"),
        (&["policy", "--period", "often"], "write a length of time"),
        (&["import", "--from", "weak.key"], "weak"),
        (&["import", "--from", "none.key"], "there is no such file"),
        (
            &["import", "--from", "env:NOT_SET_ANYWHERE"],
            "NOT_SET_ANYWHERE",
        ),
        (
            &[
                "import",
                "--from",
                "other.key",
                "--verify-until",
                "2001-01-01",
            ],
            "not in the future",
        ),
        (
            &["import", "--from", "other.key", "--note", "a\tb"],
            "control characters",
        ),
        (&["revoke", "primary"], "not confirmed"),
        (&["revoke", "--all"], "not confirmed"),
        (&["revoke"], "required"),
        (&["revoke", "primary", "--all"], "cannot be used with"),
        (&["suspend", "primary"], "not confirmed"),
        (
            &["rewrap", "--old-kek", "plan"],
            "no provider that is known",
        ),
        (&["rewrap", "--new-kek", "secret.key"], "secret.key"),
        (
            &["export", "--format", "flask", "-o", "-"],
            "standard output",
        ),
        (
            &["export", "--format", "flask", "-o", "secret.key"],
            "secret.key",
        ),
    ];
    for (arguments, why) in refused {
        let ran = ring.run(arguments);
        assert_eq!(
            (ran.code, ran.stdout()),
            (Some(2), ""),
            "{arguments:?} {ran:?}"
        );
        assert!(ran.stderr.contains(why), "{arguments:?} {ran:?}");
        assert_eq!(
            ran.stderr.matches("error: ").count(),
            1,
            "{arguments:?} {ran:?}"
        );
        assert!(!ran.stderr.contains("nothing was chosen"), "{ran:?}");
    }
    assert_eq!(ring.generation(), 1);
    assert_eq!(ring.json(&["verify"])["sound"], true);
}

#[test]
fn a_policy_that_does_not_hold_makes_no_ring() {
    let place = Place::new();
    let ran = place.run([
        "ring",
        "init",
        "--ring",
        "file:ring",
        "--new-kek",
        "kek",
        "--activation",
        "1m",
    ]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.stderr
            .contains("activation is 60 s, less than propagation + lease + skew = 360 s"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("hint: raise activation"), "{ran:?}");
    assert_eq!(fs::read_dir(place.path(".")).unwrap().count(), 0);
}

#[test]
fn the_policy_is_shown_and_changed_in_the_figures_that_are_named() {
    let ring = Ring::with("file:ring", &["--hold", "10d"]);
    let shown = ring.json(&["policy"]);
    assert_eq!(shown["generation"], 1);
    assert_eq!(shown["policy_seconds"]["hold"], 864_000);
    assert_eq!(shown["policy_seconds"]["token_life"], 2_678_400);
    let drawn = ring.run(&["policy"]);
    assert!(
        drawn
            .quietly()
            .starts_with("activation   1 h\nperiod       30 d\n"),
        "{drawn:?}"
    );

    let report = ring.json(&["policy", "--period", "14d", "--token-life", "7d"]);
    assert_eq!(report["generation"], 2);
    let changes = report["changes"].as_array().unwrap().iter();
    let changes: Vec<String> = changes.map(|change| text(&change["what"])).collect();
    assert_eq!(changes, ["period: 30 d -> 14 d", "token-life: 31 d -> 7 d"]);
    let shown = ring.json(&["policy"]);
    assert_eq!(shown["policy_seconds"]["period"], 1_209_600);
    // What was not named is not put back to what new rings have.
    assert_eq!(shown["policy_seconds"]["hold"], 864_000);

    // What is so already is not written again.
    let again = ring.json(&["policy", "--period", "2w"]);
    assert_eq!(
        (&again["generation_before"], &again["generation"]),
        (&2.into(), &2.into())
    );
    assert_eq!(again["changes"], Json::Array(Vec::new()));
    assert_eq!(ring.generation(), 2);
    assert_eq!(ring.json(&["verify"])["sound"], true);
}

#[test]
fn nodes_may_not_go_longer_by_what_was_while_a_key_is_about_to_take_over() {
    let ring = Ring::new();
    ring.json(&["rotate"]);
    let refused = ring.run(&["policy", "--lease", "10m"]);
    assert_eq!((refused.code, refused.stdout()), (Some(2), ""));
    assert!(
        refused.stderr.contains("another key is about to take over"),
        "{refused:?}"
    );
    assert_eq!(ring.generation(), 2);
}

#[test]
fn of_two_rotations_at_once_one_is_done() {
    let ring = Ring::new();
    let arguments = || {
        let flags = ring.flags.iter().map(String::as_str);
        ["ring", "rotate"].into_iter().chain(flags)
    };
    let racers = [(), ()].map(|()| ring.place.command(arguments()).spawn().unwrap());
    let ran = racers.map(|racer| Ran::from(racer.wait_with_output().unwrap()));
    let mut codes = [ran[0].code, ran[1].code];
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(2)], "{ran:?}");
    let late = ran.iter().find(|ran| ran.code == Some(2)).unwrap();
    assert!(
        late.stderr.contains("another key is about to take over"),
        "{late:?}"
    );
    assert_eq!(ring.generation(), 2);
}

#[test]
fn the_status_draws_the_keys_and_says_what_comes_next() {
    let ring = Ring::new();
    let status = ring.run(&["status"]);
    let (signer, standby) = (ring.key("signs"), ring.key("staged"));
    let drawn = status.quietly();
    assert!(
        drawn.contains(&format!("\n{signer} signs     |====")),
        "{drawn}"
    );
    assert!(
        drawn.contains(&format!("\n{standby} staged    |....")),
        "{drawn}"
    );
    assert!(
        drawn.contains("\n| now  = signs  - verifies  . stands by  "),
        "{drawn}"
    );
    assert!(
        drawn.contains(&format!("\n{signer}  signs until it is rotated\n")),
        "{drawn}"
    );
    let comes = drawn
        .lines()
        .find(|line| line.ends_with(" is due to take over"));
    let comes = comes.unwrap();
    assert!(
        comes.starts_with("in ") && comes.contains(&standby),
        "{drawn}"
    );
    assert!(drawn.lines().all(|line| line.len() <= 80), "{drawn}");

    let json = ring.json(&["status"]);
    assert_eq!(json["generation"], 1);
    assert_eq!(text(&json["signer"]), signer);
    assert_eq!(text(&json["standby"]["id"]), standby);
    assert_eq!(json["standby"]["ready"], false);
    assert_eq!(json["rotation_overdue"], false);
    assert_eq!(json["policy_seconds"]["token_life"], 2_678_400);
    assert_eq!(json["plain"], false);
    assert!(text(&json["kek"]).starts_with("file:"), "{json}");
    assert!(text(&json["next"][0]["at"]).ends_with('Z'), "{json}");

    let lines = |locale: &str, color: &str| {
        let flags = ring.flags.iter().map(String::as_str);
        let arguments = ["ring", "status", "--color", color]
            .into_iter()
            .chain(flags);
        let mut command = ring.place.command(arguments);
        command.env("LC_ALL", locale);
        let ran = Ran::from(command.output().unwrap());
        ran.stdout().contains('\u{2501}')
    };
    assert!(lines("C.UTF-8", "always"));
    assert!(!lines("C", "always") && !lines("C.UTF-8", "never") && !lines("C.UTF-8", "auto"));
}

#[test]
fn a_rotation_that_nobody_makes_is_seen() {
    let ring = Ring::with("file:ring", &FAST);
    let start = Instant::now();
    loop {
        let status = ring.json(&["status"]);
        if status["rotation_overdue"] == true {
            break;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{status}");
    }
    let shown = ring.run(&["status"]);
    assert!(
        shown.stdout().contains("no node rotates the ring\nhint: "),
        "{shown:?}"
    );
}

#[test]
fn a_ring_without_a_standby_is_given_one() {
    let ring = Ring::new();
    let url: RingUrl = format!("file:{}", ring.place.path("ring").display())
        .parse()
        .unwrap();
    let kek: KekChoice = format!("file:{}", ring.place.path("kek").display())
        .parse()
        .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let keeper: Keeper = open_keeper(&url, &kek, &[]).await.unwrap();
        let suspended = keeper.apply(&SystemClock, |opened| {
            let standby = opened.ring().standby().map(KeyRecord::id);
            Ok(standby.map(|key| Operation::Suspend {
                key,
                standby: None,
                note: None,
            }))
        });
        suspended.await.unwrap();
    });
    let none = ring.json(&["status"]);
    assert_eq!(none["standby"], Json::Null);
    let staged = ring.json(&["stage"]);
    assert_eq!(staged["generation"], 3);
    assert_eq!(staged["changes"][0]["what"], "new, standby");
}

#[test]
fn a_ring_that_is_not_there_is_none_and_no_file_is_made_by_looking() {
    let place = Place::with_keys();
    place.write("kek", &format!("privyseal-kek-1 {}\n", crate::KEY));
    for url in ["file:ring", "shared-file:ring", "sqlite:ring.db"] {
        for verb in ["status", "list", "rotate", "verify", "history"] {
            let ran = place.run(["ring", verb, "--ring", url, "--kek", "file:kek"]);
            assert_eq!((ran.code, ran.stdout()), (Some(2), ""), "{ran:?}");
            assert!(ran.stderr.contains("there is no key ring here"), "{ran:?}");
            assert!(
                ran.stderr
                    .contains("hint: make one with `privyseal ring init`"),
                "{ran:?}"
            );
        }
    }
    assert!(!place.path("ring").exists() && !place.path("ring.db").exists());
}

#[test]
fn the_environment_names_the_ring_and_a_password_in_it_is_refused() {
    let ring = Ring::new();
    let status = |url: &str| {
        let mut command = ring.place.command(["ring", "status"]);
        command
            .env("PRIVYSEAL_RING", url)
            .env("PRIVYSEAL_KEK", "file:kek");
        Ran::from(command.output().unwrap())
    };
    assert!(status("file:ring").quietly().starts_with("ring "));
    for (url, why) in [
        ("postgres://u:hunter2@h/d", "holds a password"),
        ("redis://h?pass=hunter2", "holds a password"),
        ("hunter2", "no kind of repository"),
        ("postgres://h/d#hunter 2", "no name of a ring"),
    ] {
        let refused = status(url);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(why), "{refused:?}");
        assert!(!refused.stderr.contains("hunter"), "{refused:?}");
    }
    let help = ring.place.run(["ring", "status", "--help"]);
    assert!(help.quietly().contains("PRIVYSEAL_RING]"), "{help:?}");
}

#[test]
fn a_server_that_is_away_is_code_2_with_a_hint_that_makes_no_key() {
    let place = Place::with_keys();
    place.write("ring.url", "postgres://ada:hunter2@127.0.0.1:1/d\n");
    place.write("kek", &format!("privyseal-kek-1 {}\n", crate::KEY));
    let ran = place.run([
        "ring",
        "init",
        "--ring-file",
        "ring.url",
        "--kek",
        "file:kek",
    ]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.stderr.contains("no new key is made in its place"),
        "{ran:?}"
    );
    assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
}

#[test]
fn a_plain_ring_says_so_and_only_files_may_hold_one() {
    let place = Place::new();
    let made = place.run(["ring", "init", "--ring", "file:ring", "--kek", "plain"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(
        made.stderr
            .starts_with("warning: the keys of this ring are not wrapped"),
        "{made:?}"
    );
    let shown = place.run([
        "ring",
        "status",
        "--json",
        "--ring",
        "file:ring",
        "--kek",
        "plain",
    ]);
    assert_eq!(shown.json()["plain"], true);
    let refused = place.run(["ring", "init", "--ring", "sqlite:ring.db", "--kek", "plain"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(!place.path("ring.db").exists());
}
