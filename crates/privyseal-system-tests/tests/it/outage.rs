//! A store that is killed under load, and comes back.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use privyseal::{KeyRing, SecretKey};
use privyseal_session::{Engine, OutagePolicy};
use privyseal_system_tests::node::{self, Settings};
use privyseal_system_tests::{AnyStore, Kind, Place};
use privyseal_testkit::behaviour::run;
use privyseal_testkit::client::{Browser, Response};
use privyseal_testkit::server::AxumServer;
use privyseal_testkit::servers::Restart as _;
use privyseal_testkit::servers::mariadb::MariadbServer;
use privyseal_testkit::servers::postgres::PostgresServer;
use privyseal_testkit::servers::redis::RedisServer;

use crate::nodes;

/// A store that can be taken away and given back.
trait Victim {
    fn take_away(&mut self);

    /// Returns when it answers.
    fn give_back(&mut self);
}

impl Victim for PostgresServer {
    fn take_away(&mut self) {
        self.kill();
    }

    fn give_back(&mut self) {
        self.restart().unwrap();
    }
}

impl Victim for MariadbServer {
    fn take_away(&mut self) {
        self.kill();
    }

    fn give_back(&mut self) {
        self.restart().unwrap();
    }
}

impl Victim for RedisServer {
    fn take_away(&mut self) {
        self.kill();
    }

    fn give_back(&mut self) {
        self.restart().unwrap();
    }
}

/// A database of which another process holds the lock: it can be read and not be written.
struct Locked {
    place: Place,
    holder: Option<privyseal_testkit::child::Server>,
}

impl Victim for Locked {
    fn take_away(&mut self) {
        let (holder, _) = nodes::start(&Settings::locked(&self.place.url));
        self.holder = Some(holder);
    }

    fn give_back(&mut self) {
        self.holder = None;
    }
}

/// An application under one policy.
struct Application {
    policy: OutagePolicy,
    server: AxumServer,
}

impl Application {
    fn start(policy: OutagePolicy, store: &AnyStore) -> Self {
        let keys = KeyRing::new(SecretKey::generate().unwrap());
        let engine = run(async { Engine::stored(keys, store.clone()) });
        let engine = engine
            .with_outage_policy(policy)
            .with_store_deadline(DEADLINE);
        let server = AxumServer::start(node::routes(engine)).unwrap();
        Self { policy, server }
    }

    /// Whether this is how a read is answered while the store is away.
    fn allows_read(&self, response: &Response) -> bool {
        let answer = (response.status.as_u16(), &*response.body);
        match self.policy {
            OutagePolicy::Anonymous => answer == (200, "-"),
            OutagePolicy::StaleReads { .. } => answer == (200, "ada"),
            _ => is_refused(response),
        }
    }
}

fn is_refused(response: &Response) -> bool {
    response.status == 503 && response.headers.contains_key("retry-after")
}

/// How a client and the one who takes the store away wait for each other. A thread that panics
/// closes its ends, so that nobody waits for it.
struct Meeting<T> {
    said: Sender<()>,
    heard: Receiver<T>,
}

impl<T> Meeting<T> {
    fn say(&self) {
        self.said.send(()).unwrap();
    }

    fn say_and_hear(&self) -> T {
        self.say();
        self.heard.recv().unwrap()
    }
}

/// One browser on an application, and a copy of each session that it has ended.
struct Client<'a> {
    app: &'a Application,
    browser: Browser,
    /// Sessions to be ended.
    spare: Vec<Browser>,
    ended: Vec<Browser>,
    /// Hits that were acknowledged, and those of which nothing is known.
    hits: i64,
    unknown: i64,
    slowest: Duration,
    recovered: Duration,
}

impl<'a> Client<'a> {
    fn new(app: &'a Application) -> Self {
        let mut client = Self {
            app,
            browser: Browser::default(),
            spare: Vec::new(),
            ended: Vec::new(),
            hits: 0,
            unknown: 0,
            slowest: Duration::ZERO,
            recovered: Duration::ZERO,
        };
        for _ in 0..SPARE {
            let mut browser = Browser::default();
            assert_eq!(client.ask(&mut browser, "/act/set:user:ada").status, 200);
            client.spare.push(browser);
        }
        client.browser = client.spare.pop().unwrap();
        client
    }

    fn address(&self) -> SocketAddr {
        self.app.server.address()
    }

    fn ask(&mut self, browser: &mut Browser, path: &str) -> Response {
        let began = Instant::now();
        let response = browser.get(self.address(), path).unwrap();
        self.slowest = self.slowest.max(began.elapsed());
        response
    }

    fn ask_as_ever(&mut self, path: &str) -> Response {
        let mut browser = std::mem::take(&mut self.browser);
        let response = self.ask(&mut browser, path);
        self.browser = browser;
        response
    }

    /// Requests of every kind. `is_down` is whether the store is away for all of them; if not, it
    /// may go away meanwhile.
    fn requests(&mut self, is_down: bool, reads_go_on: bool) {
        let untouched = self.ask_as_ever("/untouched");
        assert_eq!(untouched.status, 200);
        assert_eq!(untouched.body, "untouched");

        let read = self.ask_as_ever("/act/get:user");
        let by_policy = self.app.allows_read(&read);
        let as_ever = read.status == 200 && read.body == "ada";
        let may_be_as_ever = !is_down || reads_go_on;
        // A write of which nobody knows whether it happened makes what was seen before worthless.
        let is_stale = matches!(self.app.policy, OutagePolicy::StaleReads { .. });
        let may_be_refused = is_stale && self.unknown > 0 && is_refused(&read);
        assert!(
            by_policy || (may_be_as_ever && as_ever) || may_be_refused,
            "{read:?}"
        );

        let write = self.ask_as_ever("/act/count:hits:1");
        match write.status.as_u16() {
            200 if !is_down => self.hits += 1,
            _ if is_refused(&write) => self.unknown += 1,
            _ => panic!("{write:?}"),
        }
        for response in [&untouched, &read, &write] {
            assert_eq!(response.all("set-cookie"), [""; 0], "{response:?}");
        }

        let Some(mut spare) = self.spare.pop() else {
            return;
        };
        let copy = spare.clone();
        let end = self.ask(&mut spare, "/act/end");
        match end.status.as_u16() {
            200 if !is_down => self.ended.push(copy),
            _ => {
                assert!(is_refused(&end), "{end:?}");
                assert_eq!(end.all("set-cookie"), [""; 0]);
            }
        }
    }

    fn run(&mut self, meeting: &Meeting<Instant>, is_down: &AtomicBool, reads_go_on: bool) {
        for round in 0.. {
            if round == BEFORE {
                meeting.say();
            } else if is_down.load(Ordering::SeqCst) {
                break;
            }
            self.requests(false, reads_go_on);
        }
        self.slowest = Duration::ZERO;
        for _ in 0..WHILE_DOWN {
            self.requests(true, reads_go_on);
        }
        let came_back = meeting.say_and_hear();
        loop {
            let write = self.ask_as_ever("/act/count:hits:1,get:user");
            assert_eq!(write.all("set-cookie"), [""; 0], "{write:?}");
            if write.status == 200 {
                assert_eq!(write.body, "ada");
                self.hits += 1;
                break;
            }
            assert!(is_refused(&write), "{write:?}");
            self.unknown += 1;
            assert!(came_back.elapsed() < RECOVERY, "it does not recover");
        }
        self.recovered = came_back.elapsed();
    }

    /// What was acknowledged is there, and what was ended is not.
    fn check(&mut self) {
        let said = self.ask_as_ever("/act/get:hits").body;
        let hits: i64 = said.parse().unwrap();
        let possible = self.hits..=self.hits + self.unknown;
        assert!(possible.contains(&hits), "{hits} of {possible:?}");
        for mut copy in std::mem::take(&mut self.ended) {
            assert_eq!(self.ask(&mut copy, "/act/get:user").body, "-");
        }
    }
}

fn nobody_is_signed_out_and_nothing_is_lost(
    name: &str,
    store: &AnyStore,
    victim: &mut dyn Victim,
    reads_go_on: bool,
) {
    let policies = [
        OutagePolicy::default(),
        OutagePolicy::Anonymous,
        OutagePolicy::StaleReads {
            max_age: Duration::from_mins(10),
        },
    ];
    let apps = policies.map(|policy| Application::start(policy, store));
    let apps_of_clients = apps.iter().flat_map(|app| [app; CLIENTS]);
    let mut clients: Vec<_> = apps_of_clients.map(Client::new).collect();
    let is_down = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut ends = Vec::new();
        for client in &mut clients {
            let (to_us, from_client) = mpsc::channel();
            let (to_client, from_us) = mpsc::channel();
            let meeting = Meeting {
                said: to_us,
                heard: from_us,
            };
            let is_down = &is_down;
            scope.spawn(move || client.run(&meeting, is_down, reads_go_on));
            ends.push((to_client, from_client));
        }
        let wait_for_all = || {
            for (_, from_client) in &ends {
                from_client.recv().unwrap();
            }
        };
        wait_for_all();
        victim.take_away();
        is_down.store(true, Ordering::SeqCst);
        wait_for_all();
        victim.give_back();
        let now = Instant::now();
        for (to_client, _) in &ends {
            to_client.send(now).unwrap();
        }
    });
    for client in &mut clients {
        client.check();
        let (policy, slowest, recovered) = (client.app.policy, client.slowest, client.recovered);
        println!("{name}, {policy:?}: slowest {slowest:.1?}, recovered after {recovered:.1?}");
        // A request reads and writes, and each call has the deadline to itself.
        assert!(slowest < 2 * DEADLINE + BUSY);
    }
}

/// Of each policy.
const CLIENTS: usize = 3;
/// Rounds of requests before the store goes away.
const BEFORE: u32 = 3;
/// Rounds of requests while it is away.
const WHILE_DOWN: u32 = 4;
const SPARE: usize = 8;
const DEADLINE: Duration = Duration::from_millis(500);
const RECOVERY: Duration = Duration::from_secs(1);

/// What a machine that is busy with other tests adds.
const BUSY: Duration = Duration::from_secs(2);

#[test]
fn postgresql_is_killed_under_load() {
    let mut server = PostgresServer::start().unwrap();
    let url = server.database().unwrap();
    let store = run(AnyStore::open(&url)).unwrap();
    nobody_is_signed_out_and_nothing_is_lost("PostgreSQL", &store, &mut server, false);
}

#[test]
fn mariadb_is_killed_under_load() {
    let mut server = MariadbServer::start().unwrap();
    let url = server.database().unwrap();
    let store = run(AnyStore::open(&url)).unwrap();
    nobody_is_signed_out_and_nothing_is_lost("MariaDB", &store, &mut server, false);
}

#[test]
fn redis_is_killed_under_load() {
    let mut server = RedisServer::start().unwrap();
    let store = run(AnyStore::open(&server.url())).unwrap();
    nobody_is_signed_out_and_nothing_is_lost("Redis", &store, &mut server, false);
}

/// Reads go on, until so many writes have failed that the store is not asked any more.
#[test]
fn a_sqlite_file_is_locked_by_another_process() {
    let place = Place::new(Kind::Sqlite).unwrap();
    let store = place.open().unwrap();
    let mut locked = Locked {
        place,
        holder: None,
    };
    nobody_is_signed_out_and_nothing_is_lost("SQLite", &store, &mut locked, true);
}
