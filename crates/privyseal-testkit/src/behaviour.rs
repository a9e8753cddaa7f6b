//! How sessions behave over HTTP, whichever adapter and mode: one suite that speaks to a test
//! application through a socket, as a browser does.
//!
//! The tests of an adapter serve this application with its own layer and extractor:
//!
//! | route | what it does |
//! |---|---|
//! | `/untouched` | answers `untouched`, without a session |
//! | `/act/{steps}` | takes the session, calls [`perform`] and answers with the status and body of the outcome; also `HEAD` |
//! | `/fail/{steps}` | the same, but the answer is the `Err` of the handler |
//! | `/twice/{first}/{second}` | two sessions in one handler: the first steps on the one, then the second on the other; the bodies together |
//! | `/caches/{how}/{steps}` | as `/act`, with the headers of [`CACHED`] and `Cache-Control: {how}, max-age=60` |
//! | `/stream/{steps}` | performs the steps and answers with [`streamed`] |
//! | `/typed` | takes a session of [`Numbers`] and answers with its `number` |
//! | `/typed-or-not` | the same, or `everybody's` if there is none to be had |
//! | `/outside` | takes the session where no layer is around it |
//!
//! A handler that panics has to be answered with 500 inside the layer. [`Application::start`] takes
//! the function that serves it, and [`behaviours!`](crate::behaviours) makes the tests.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails when its helpers do"
)]

pub mod failures;
mod gates;
pub mod headers;
mod outage;
pub mod peers;
pub mod refused;
mod steps;
pub mod stored;
mod stream;
pub mod together;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use privyseal::{KeyRing, SecretKey};
use privyseal_session::revocation::{RevocationLog, RevocationOptions, Revocations};
use privyseal_session::store::Store;
use privyseal_session::{Engine, LiveKeyRing};
use privyseal_stores::MemoryStore;
use serde::{Deserialize, Serialize};
use tokio::runtime::{self, Runtime};

use crate::client::{Browser, Response};
use crate::clock::FakeClock;
use crate::server::AxumServer;

pub use gates::Gates;
use outage::Outage;
pub use steps::{Outcome, perform};
pub use stream::streamed;

/// Where sessions live, and under whose rules. Those that live in cookies have a log of
/// revocations, in the memory of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// [`Engine::stored`].
    Stored,
    /// [`Engine::signed`].
    Signed,
    /// [`Engine::sealed`].
    Sealed,
    /// [`Engine::flask`].
    Flask,
}

impl Mode {
    /// What follows the value in `Set-Cookie` by default.
    fn attributes(self) -> &'static str {
        match self {
            Self::Flask => "; HttpOnly; Path=/",
            Self::Stored | Self::Signed | Self::Sealed => {
                "; Secure; HttpOnly; Path=/; SameSite=Lax"
            }
        }
    }

    /// What a response has to say about caches when its handler took the session. Flask leaves it
    /// at `Vary`.
    fn cache_control(self) -> &'static [&'static str] {
        match self {
            Self::Flask => &[],
            Self::Stored | Self::Signed | Self::Sealed => &["no-store"],
        }
    }
}

/// A server that runs until it is dropped.
pub trait Listening {
    /// Where it listens.
    fn address(&self) -> SocketAddr;
}

impl Listening for AxumServer {
    fn address(&self) -> SocketAddr {
        self.address()
    }
}

/// The test application, served.
pub struct Application {
    mode: Mode,
    engine: Engine,
    clock: FakeClock,
    gates: Gates,
    outage: Outage,
    serve: Serve,
    server: Box<dyn Listening + Send + Sync>,
}

type Serve =
    Arc<dyn Fn(Engine, Gates) -> io::Result<Box<dyn Listening + Send + Sync>> + Send + Sync>;

impl Application {
    /// Serves the application in this mode, under a key of its own. A store is in the memory of the
    /// process.
    pub fn start<S: Listening + Send + Sync + 'static>(
        mode: Mode,
        serve: impl Fn(Engine, Gates) -> io::Result<S> + Send + Sync + 'static,
    ) -> Self {
        Self::start_on(mode, MemoryStore::new(1000), serve)
    }

    /// Serves the application with its sessions, or the log of revocations, in this store.
    pub fn start_on<S: Listening + Send + Sync + 'static>(
        mode: Mode,
        store: impl Store + RevocationLog,
        serve: impl Fn(Engine, Gates) -> io::Result<S> + Send + Sync + 'static,
    ) -> Self {
        let outage = Outage::default();
        let clock = FakeClock::at(START);
        let engine: fn(LiveKeyRing) -> Engine = match mode {
            Mode::Stored => {
                let engine = Engine::stored(keys(), outage.befalling(store));
                let engine = engine.with_store_deadline(PATIENCE);
                return Self::serve(mode, engine, clock, outage, serve);
            }
            Mode::Signed => Engine::signed,
            Mode::Sealed => Engine::sealed,
            Mode::Flask => Engine::flask,
        };
        let options = RevocationOptions {
            deadline: PATIENCE,
            ..RevocationOptions::default()
        };
        let revocations = Revocations::with_options(store, options, clock.clone());
        let engine = engine(keys()).with_revocations(revocations);
        Self::serve(mode, engine, clock, outage, serve)
    }

    fn serve<S: Listening + Send + Sync + 'static>(
        mode: Mode,
        engine: Engine,
        clock: FakeClock,
        outage: Outage,
        serve: impl Fn(Engine, Gates) -> io::Result<S> + Send + Sync + 'static,
    ) -> Self {
        let serve: Serve = Arc::new(move |engine, gates| Ok(Box::new(serve(engine, gates)?)));
        let engine = engine.with_clock(clock.clone());
        let gates = Gates::default();
        Self {
            mode,
            server: serve(engine.clone(), gates.clone()).unwrap(),
            engine,
            clock,
            gates,
            outage,
            serve,
        }
    }

    /// Another server, with the same keys, store, clock and gates, but other settings.
    fn beside(&self, change: impl FnOnce(Engine) -> Engine) -> Self {
        let engine = change(self.engine.clone());
        let server = (self.serve)(engine.clone(), self.gates.clone()).unwrap();
        Self {
            mode: self.mode,
            engine,
            clock: self.clock.clone(),
            gates: self.gates.clone(),
            outage: self.outage.clone(),
            serve: self.serve.clone(),
            server,
        }
    }

    fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The name of the session cookie.
    fn cookie(&self) -> &str {
        self.engine.cookie().name()
    }

    /// Somebody who comes for the first time.
    fn visitor(&self) -> Visitor<'_> {
        Visitor {
            app: self,
            browser: Browser::default(),
        }
    }

    /// Somebody with a session, in which a value tells whose it is.
    fn visitor_named(&self, name: &str) -> Visitor<'_> {
        let mut visitor = self.visitor();
        let response = visitor.act(&format!("set:user:{name}"));
        assert_eq!(response.status, 200, "{}", response.body);
        visitor
    }
}

/// What the engine and its store do when no request is involved, on a runtime that outlives them:
/// the connections of a store live on the runtime that opened them.
pub fn run<T>(work: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        let mut runtime = runtime::Builder::new_multi_thread();
        runtime.worker_threads(1).enable_all().build().unwrap()
    });
    RUNTIME.block_on(work)
}

fn keys() -> LiveKeyRing {
    KeyRing::new(SecretKey::generate().unwrap()).into()
}

/// The second since 1970 at which each application starts.
const START: u64 = 1_700_000_000;

/// How long a call of a store may take: a machine that is busy with tests is no outage.
const PATIENCE: Duration = Duration::from_secs(20);

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

impl Drop for Application {
    /// A test that failed may have left requests waiting.
    fn drop(&mut self) {
        self.gates.open_all();
    }
}

/// A browser on the test application; a clone is a thief with a copy of its cookies.
#[derive(Clone)]
struct Visitor<'a> {
    app: &'a Application,
    browser: Browser,
}

impl Visitor<'_> {
    fn get(&mut self, path: &str) -> Response {
        self.browser.get(self.app.address(), path).unwrap()
    }

    fn act(&mut self, steps: &str) -> Response {
        self.get(&format!("/act/{steps}"))
    }

    /// What it asks the session for, if the answer is 200.
    fn told(&mut self, steps: &str) -> String {
        let response = self.act(steps);
        assert_eq!(response.status, 200, "{}", response.body);
        response.body
    }

    fn cookie(&self) -> &str {
        &self.browser.cookies[self.app.cookie()]
    }

    fn set_cookie(&mut self, value: &str) {
        let name = self.app.cookie().to_owned();
        self.browser.cookies.insert(name, value.to_owned());
    }
}

/// The session of `/typed`, which is not what `set:number:one` makes.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Numbers {
    /// Answered.
    pub number: u32,
}

/// What the handler of `/caches` says itself, besides `Cache-Control`.
pub const CACHED: [(&str, &str); 2] = [("Vary", "Accept"), ("Set-Cookie", "theme=dark; Path=/")];

/// Makes a test of each behaviour that every mode has, on an application that the expression
/// starts.
///
/// With `stored` after it, of those also that need a store; with a list, of those in the list only.
#[macro_export]
macro_rules! behaviours {
    ($start:expr) => {
        $crate::behaviours! { $start;
            headers::an_untouched_request_gets_no_header,
            headers::a_read_says_that_the_answer_depends_on_the_cookie,
            headers::a_write_sets_the_cookie_with_every_attribute,
            headers::a_removal_repeats_the_attributes,
            headers::head_is_answered_with_the_headers_of_get,
            headers::what_a_handler_says_of_caches_is_kept_or_made_safe,
            headers::two_sessions_of_one_request_are_one,
            headers::the_cookie_goes_out_before_a_streamed_body,
            refused::a_cookie_that_was_tampered_with_is_an_empty_session,
            refused::two_cookies_of_the_name_are_treated_as_the_rules_say_a13,
            refused::several_cookie_headers_are_read_as_one,
            refused::whoever_is_signed_out_everywhere_is_signed_out_in_every_browser,
            refused::whoever_signs_in_after_somebody_else_finds_nothing_of_theirs,
            failures::an_answer_that_refuses_keeps_the_session,
            failures::an_answer_that_is_a_server_error_undoes_what_was_written,
            failures::a_session_of_another_type_is_a_fixed_500,
            failures::a_handler_may_go_on_without_the_session,
            failures::without_the_layer_the_extractor_answers_a_fixed_500,
            failures::a_handler_that_panics_saves_nothing,
            failures::a_client_that_leaves_early_does_no_harm,
            together::sixty_four_requests_at_once_keep_apart,
            together::requests_of_one_connection_keep_apart,
            together::rotation_under_load_signs_nobody_out,
            peers::peers_1_a_late_answer_does_not_undo_a_sign_out,
            peers::peers_3_a_server_error_after_renewal_signs_nobody_out,
            peers::peers_4_reading_counts_as_activity,
            peers::peers_4_a_remembered_session_stays_so_when_it_is_written,
            peers::peers_5_a_copy_of_the_cookie_ends_with_its_lifetime,
            peers::peers_5_a_copy_of_the_cookie_ends_when_its_user_signs_out,
            peers::peers_6_a_session_that_is_too_large_is_an_error,
            peers::peers_7_a_planted_session_is_not_signed_in,
            peers::peers_8_the_name_that_is_set_is_the_name_that_is_read,
        }
    };
    ($start:expr; stored) => {
        $crate::behaviours! { $start }
        $crate::behaviours! { $start;
            peers::peers_2_changes_at_the_same_time_are_all_kept,
            peers::peers_9_a_cookie_is_worth_nothing_under_another_name,
            stored::sixty_four_writers_of_one_session_lose_nothing,
            stored::one_of_several_sessions_is_ended,
            stored::what_is_saved_during_a_sign_in_as_somebody_else_is_not_theirs,
            stored::an_outage_is_a_fixed_503_and_costs_nobody_the_cookie,
            stored::a_request_that_needs_no_session_does_not_notice_an_outage,
        }
    };
    ($start:expr; $($group:ident :: $behaviour:ident),+ $(,)?) => {
        $(
            #[test]
            fn $behaviour() {
                $crate::behaviour::$group::$behaviour(&$start);
            }
        )+
    };
}

#[cfg(test)]
mod tests {
    /// A behaviour that no mode tests would look like one that all have.
    #[test]
    fn every_behaviour_is_in_the_list() {
        let list = include_str!("behaviour.rs");
        for (group, text) in [
            ("failures", include_str!("behaviour/failures.rs")),
            ("headers", include_str!("behaviour/headers.rs")),
            ("peers", include_str!("behaviour/peers.rs")),
            ("refused", include_str!("behaviour/refused.rs")),
            ("stored", include_str!("behaviour/stored.rs")),
            ("together", include_str!("behaviour/together.rs")),
        ] {
            for line in text.lines().filter_map(|line| line.strip_prefix("pub fn ")) {
                let (name, _) = line.split_once('(').unwrap();
                let line = format!("            {group}::{name},\n");
                assert!(list.contains(&line), "{group}::{name} is not in the list");
            }
        }
    }
}
