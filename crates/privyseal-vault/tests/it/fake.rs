//! A server that keeps to the documented API of Vault and OpenBao, as far as this crate uses it.
//!
//! It is no Vault: what it does was written down from the documentation, and from what the servers
//! are known to say. It has real connections, keeps its state over restarts, enforces conditions,
//! policies and times, and can be sealed, stopped, killed and made to answer nonsense.
//!
//! | endpoint | here |
//! |---|---|
//! | `auth/approle/login`, `auth/kubernetes/login`, `auth/token/{lookup,renew}-self` | `auth.rs` |
//! | `:mount/data/:path`, `:mount/metadata/:path`, `sys/internal/ui/mounts/:path` | `kv.rs` |
//! | `:mount/{keys,encrypt,decrypt}/:name` | `transit.rs` |

mod auth;
mod kv;
mod server;
mod transit;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Result;
use hyper::Method;
use privyseal_testkit::servers::Restart;
use privyseal_testkit::servers::port::Port;
use serde_json::{Value, json};

pub(crate) use self::auth::{Role, Rule, ServerToken};
pub(crate) use self::kv::{Engine, Version};
pub(crate) use self::server::Certificate;
use self::server::Running;
pub(crate) use self::transit::TransitKey;

/// The server, whether it runs or not.
pub(crate) struct Fake {
    port: Port,
    certificate: Option<Certificate>,
    state: Arc<Mutex<State>>,
    running: Option<Running>,
}

/// What it keeps over restarts.
pub(crate) struct State {
    pub(crate) is_sealed: bool,
    /// What it does in place of what it should.
    pub(crate) fault: Option<Fault>,
    /// Seconds that have passed, as far as leases go.
    pub(crate) now: u64,
    pub(crate) engines: BTreeMap<String, Engine>,
    pub(crate) tokens: BTreeMap<String, ServerToken>,
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) keys: BTreeMap<String, TransitKey>,
    /// The longest secret that its storage takes.
    pub(crate) longest: usize,
    /// Somebody else writes, each time that somebody has read.
    pub(crate) adds_version_after_reads: bool,
    pub(crate) seen: Vec<Seen>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// A status, as a node may answer it that is about to go.
    Status(u16),
    /// A status to what renews tokens, and to nothing else.
    Renewal(u16),
    /// A success whose body has so many bytes.
    Long(usize),
    /// The page of a proxy.
    Page(u16),
    /// The address of another node.
    Redirect,
    /// Nothing at all.
    Silence,
    /// Versions that are compared with nothing.
    NoComparison,
    /// Associated data that is not known.
    NoAssociatedData,
}

/// A request, as far as tests look at it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) call: String,
    pub(crate) namespace: Option<String>,
    pub(crate) has_request_header: bool,
}

/// A request, and an answer to it.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) token: Option<&'a str>,
    pub(crate) content: Value,
}

pub(crate) type Reply = (u16, Value);

impl Fake {
    pub(crate) fn start() -> Self {
        Self::start_as(None)
    }

    pub(crate) fn start_tls(certificate: Certificate) -> Self {
        Self::start_as(Some(certificate))
    }

    fn start_as(certificate: Option<Certificate>) -> Self {
        let engines = [("secret", Engine::versioned()), ("old", Engine::plain())];
        let engines = engines.map(|(mount, engine)| (mount.to_owned(), engine));
        let state = State {
            is_sealed: false,
            fault: None,
            now: 0,
            engines: BTreeMap::from(engines),
            tokens: BTreeMap::from([(ROOT.to_owned(), ServerToken::root())]),
            roles: BTreeMap::new(),
            keys: BTreeMap::new(),
            longest: usize::MAX,
            adds_version_after_reads: false,
            seen: Vec::new(),
        };
        let mut fake = Self {
            port: Port::claim().unwrap(),
            certificate,
            state: Arc::new(Mutex::new(state)),
            running: None,
        };
        fake.restart().unwrap();
        fake
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.certificate.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://127.0.0.1:{}", self.port.number())
    }

    /// What its operator sees and changes.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// How often something was asked for.
    pub(crate) fn count(&self, call: &str) -> usize {
        let state = self.state();
        state.seen.iter().filter(|seen| seen.call == call).count()
    }
}

impl Restart for Fake {
    fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
    }

    fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }

    fn restart(&mut self) -> Result<()> {
        self.kill();
        let (port, state) = (self.port.number(), Arc::clone(&self.state));
        self.running = Some(Running::start(port, self.certificate.clone(), state)?);
        Ok(())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.kill();
    }
}

impl State {
    fn reply(&mut self, call: &Call<'_>) -> Reply {
        if self.is_sealed {
            return errors(503, &["Vault is sealed"]);
        }
        match self.fault {
            Some(Fault::Status(status)) => return errors(status, &["as the test wants it"]),
            Some(Fault::Renewal(status)) if call.path == "auth/token/renew-self" => {
                return errors(status, &["as the test wants it"]);
            }
            _ => {}
        }
        if let Some(reply) = auth::login(self, call) {
            return reply;
        }
        if let Err(reply) = auth::admit(self, call) {
            return reply;
        }
        let own = auth::own(self, call).or_else(|| transit::reply(self, call));
        own.or_else(|| kv::reply(self, call)).unwrap_or_else(|| {
            let text = format!(
                "no handler for route {:?}. route entry not found.",
                call.path
            );
            errors(404, &[&text])
        })
    }
}

fn errors(status: u16, errors: &[&str]) -> Reply {
    (status, json!({ "errors": errors }))
}

/// The token that may do everything.
pub(crate) const ROOT: &str = "not-a-real-root-token";
