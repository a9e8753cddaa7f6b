//! Two nodes, in processes of their own, that share keys and a store.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use privyseal_system_tests::node::Settings;
use privyseal_system_tests::{Kind, Place};
use privyseal_testkit::behaviour::Mode;
use privyseal_testkit::child::Server;
use privyseal_testkit::client::{Browser, Response};

/// A node, which ends when this is dropped.
pub(crate) struct Node {
    address: SocketAddr,
    _process: Server,
}

impl Node {
    fn start(settings: &Settings) -> Self {
        let (process, address) = start(settings);
        Self {
            address: address.parse().unwrap(),
            _process: process,
        }
    }

    fn get(&self, browser: &mut Browser, path: &str) -> Response {
        let response = browser.get(self.address, path).unwrap();
        assert_eq!(response.status, 200, "{path}: {}", response.body);
        response
    }

    fn told(&self, browser: &mut Browser, steps: &str) -> String {
        self.get(browser, &format!("/act/{steps}")).body
    }
}

/// Starts the program of a node, and waits until it is ready.
pub(crate) fn start(settings: &Settings) -> (Server, String) {
    let program = Command::new(env!("CARGO_BIN_EXE_privyseal-test-node"));
    Server::start(program, &serde_json::to_string(settings).unwrap()).unwrap()
}

fn sign_in(mode: Mode, name: &str) -> String {
    match mode {
        Mode::Flask => format!("set:_user_id:{name},set:user:{name}"),
        Mode::Stored | Mode::Signed | Mode::Sealed => format!("signin:{name},set:user:{name}"),
    }
}

/// Sessions are ended on one node, one by one and by user in turn; how long it then takes until the
/// other refuses them.
fn measure(mode: Mode, nodes: &[Node; 2]) -> Vec<Duration> {
    let [here, there] = nodes;
    let (sender, ended) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            for round in 0..ROUNDS {
                let name = format!("user{round}");
                let mut browser = Browser::default();
                here.told(&mut browser, &sign_in(mode, &name));
                assert_eq!(there.told(&mut browser, "get:user"), name);
                let copy = browser.clone();
                // At every phase of the interval at which the log is polled.
                thread::sleep(PACE);
                if round % 2 == 0 {
                    here.told(&mut browser, "end");
                } else {
                    here.get(&mut Browser::default(), &format!("/everywhere/{name}"));
                }
                sender.send((Instant::now(), copy)).unwrap();
            }
        });
        let wait = |(since, mut copy): (Instant, Browser)| {
            // A browser that was told to forget the cookie would ask without it.
            while there.told(&mut copy, "get:user") != "-" {
                assert!(since.elapsed() < BOUND, "{mode:?} is not refused in time");
                assert_ne!(mode, Mode::Stored, "there is nothing to wait for");
            }
            since.elapsed()
        };
        ended.into_iter().map(wait).collect()
    })
}

fn what_ends_here_is_refused_there(kind: Kind) {
    for mode in MODES {
        let place = Place::new(kind).unwrap();
        let settings = Settings::new(mode, &place.url);
        let nodes = [(); 2].map(|()| Node::start(&settings));
        let mut times = measure(mode, &nodes);
        times.sort_unstable();
        let [p50, p99] = [50, 99].map(|percent| times[(times.len() - 1) * percent / 100]);
        println!("| {kind:?} | {mode:?} | p50 {p50:.1?} | p99 {p99:.1?} |");
    }
}

/// A slow request on one node, and a sign-out on the other while it runs: what it writes is
/// dropped.
fn a_late_write_does_not_undo_a_sign_out_elsewhere(kind: Kind) {
    for mode in MODES {
        let place = Place::new(kind).unwrap();
        let settings = Settings::new(mode, &place.url);
        let [here, there] = [(); 2].map(|()| Node::start(&settings));
        let mut visitor = Browser::default();
        here.told(&mut visitor, &sign_in(mode, "ada"));
        let (mut slow, mut copy) = (visitor.clone(), visitor.clone());
        thread::scope(|scope| {
            let answer = scope.spawn(|| here.told(&mut slow, "get:user,wait:slow,set:late:1"));
            here.get(&mut Browser::default(), "/arrived/slow");
            there.told(&mut visitor, "end");
            if mode == Mode::Flask {
                // The late answer carries another MAC, and the session has no other name: until
                // the news is here, it cannot be known to be the one that was ended.
                let began = Instant::now();
                while here.told(&mut copy.clone(), "get:user") != "-" {
                    assert!(began.elapsed() < BOUND);
                }
            }
            here.get(&mut Browser::default(), "/open/slow");
            assert_eq!(answer.join().unwrap(), "ada");
        });
        for browser in [&mut visitor, &mut slow, &mut copy] {
            assert_eq!(there.told(browser, "get:user,get:late"), "- -", "{mode:?}");
        }
    }
}

const MODES: [Mode; 4] = [Mode::Stored, Mode::Signed, Mode::Sealed, Mode::Flask];
const ROUNDS: u32 = 60;
const PACE: Duration = Duration::from_millis(37);

/// The poll interval of a second, the time of one read, and what a busy machine adds to it.
const BOUND: Duration = Duration::from_secs(5);

#[test]
fn what_ends_on_one_node_is_refused_on_another_with_sqlite() {
    what_ends_here_is_refused_there(Kind::Sqlite);
}

#[test]
fn what_ends_on_one_node_is_refused_on_another_with_postgresql() {
    what_ends_here_is_refused_there(Kind::Postgres);
}

#[test]
fn what_ends_on_one_node_is_refused_on_another_with_mysql() {
    what_ends_here_is_refused_there(Kind::MySql);
}

#[test]
fn what_ends_on_one_node_is_refused_on_another_with_redis() {
    what_ends_here_is_refused_there(Kind::Redis);
}

#[test]
fn a_late_write_on_another_node_does_not_undo_a_sign_out() {
    for kind in Kind::SHARED {
        a_late_write_does_not_undo_a_sign_out_elsewhere(kind);
    }
}
