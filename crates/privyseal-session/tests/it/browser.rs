//! One visitor of an application that is nothing but an engine.

use std::collections::BTreeMap;

use std::sync::LazyLock;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use privyseal::{KeyRing, SecretKey, VerifyKey};
use privyseal_session::{Engine, LiveKeyRing, Session, SessionError, SessionHandle};
use privyseal_stores::MemoryStore;
use privyseal_testkit::clock::FakeClock;
use privyseal_testkit::random::Seeded;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

/// The second at which every test begins.
pub(crate) const START: u64 = 1_700_000_000;

/// A key of this letter; strong enough, for it is never told to anybody.
pub(crate) fn key(letter: u8) -> SecretKey {
    SecretKey::from_bytes(key_bytes(letter)).unwrap()
}

pub(crate) fn key_bytes(letter: u8) -> Vec<u8> {
    let mut random = Seeded::new(letter.into());
    (0..4).flat_map(|_| random.number().to_be_bytes()).collect()
}

pub(crate) fn verify_key(letter: u8) -> VerifyKey {
    key(letter).into()
}

pub(crate) fn ring(letter: u8) -> KeyRing {
    KeyRing::new(key(letter))
}

/// Every engine that keeps its session in the cookie, with the same key and clock.
pub(crate) fn every_mode(keys: &LiveKeyRing, clock: &FakeClock) -> [(&'static str, Engine); 4] {
    let all = [
        ("signed", Engine::signed(keys.clone())),
        ("sealed", Engine::sealed(keys.clone())),
        ("flask", Engine::flask(keys.clone())),
        (
            "sealed under Flask's rules",
            Engine::sealed(keys.clone()).with_flask_rules(privyseal_session::FlaskRules::default()),
        ),
    ];
    all.map(|(name, engine)| (name, engine.with_clock(clock.clone())))
}

/// Those with timeouts: two in cookies, and one in a store of its own.
pub(crate) fn own_modes(keys: &LiveKeyRing, clock: &FakeClock) -> [(&'static str, Engine); 3] {
    let [signed, sealed, ..] = every_mode(keys, clock);
    [signed, sealed, ("stored", stored(keys, clock))]
}

/// Sessions in a store of their own.
pub(crate) fn stored(keys: &LiveKeyRing, clock: &FakeClock) -> Engine {
    Engine::stored(keys.clone(), MemoryStore::new(1000)).with_clock(clock.clone())
}

/// Runs a future to its end.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    });
    RUNTIME.block_on(future)
}

#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) engine: Engine,
    pub(crate) cookie: Option<String>,
    /// The session in chunks, where it is too large for one cookie: names and values.
    pub(crate) chunks: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.clone(),
            cookie: None,
            chunks: BTreeMap::new(),
        }
    }

    pub(crate) fn with_cookie(engine: &Engine, value: &str) -> Self {
        let mut browser = Self::new(engine);
        browser.cookie = Some(value.to_owned());
        browser
    }

    /// What the browser sends.
    pub(crate) fn request(&self) -> HeaderMap {
        let mut request = HeaderMap::new();
        if let Some(value) = &self.cookie {
            let name = self.engine.cookie().name();
            let cookie = HeaderValue::try_from(format!("{name}={value}")).unwrap();
            request.insert(COOKIE, cookie);
        }
        for (name, value) in &self.chunks {
            let cookie = HeaderValue::try_from(format!("{name}={value}")).unwrap();
            request.append(COOKIE, cookie);
        }
        request
    }

    fn keep(&mut self, set_cookie: &str) {
        let (pair, attributes) = set_cookie.split_once("; ").unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        let value = (!attributes.contains("Max-Age=0")).then(|| value.to_owned());
        if name == self.engine.cookie().name() {
            self.cookie = value;
        } else if let Some(value) = value {
            self.chunks.insert(name.to_owned(), value);
        } else {
            self.chunks.remove(name);
        }
    }

    /// One request, whose handler is `handler`.
    pub(crate) fn visit<R>(
        &mut self,
        handler: impl FnOnce(&Visit) -> R,
    ) -> (R, Result<HeaderMap, SessionError>) {
        let visit = self.begin();
        let answer = handler(&visit);
        (answer, self.finish(&visit, StatusCode::OK))
    }

    /// A request that arrives now, and is answered by [`finish`](Self::finish).
    pub(crate) fn begin(&self) -> Visit {
        let request = self.request();
        Visit {
            handle: self.engine.begin(&request),
            request,
        }
    }

    /// The answer to a request: its headers, and the browser keeps what they say.
    pub(crate) fn finish(
        &mut self,
        visit: &Visit,
        status: StatusCode,
    ) -> Result<HeaderMap, SessionError> {
        let answered = wait(visit.answer(status));
        if let Ok(response) = &answered {
            self.take(response);
        }
        answered
    }

    /// Keeps the cookies of a response.
    pub(crate) fn take(&mut self, response: &HeaderMap) {
        for cookie in response.get_all(SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
    }

    /// A request that sets a key.
    pub(crate) fn set(
        &mut self,
        key: &str,
        value: impl Into<privyseal::value::Value>,
    ) -> HeaderMap {
        self.visit(|handle| {
            open(handle).insert(key, value);
        })
        .1
        .unwrap()
    }

    /// A request that reads a number.
    pub(crate) fn get(&mut self, key: &str) -> Option<i64> {
        self.visit(|handle| {
            open(handle)
                .get(key)
                .and_then(privyseal::value::Value::as_i64)
        })
        .0
    }

    /// A request that reads; its headers.
    pub(crate) fn read(&mut self) -> HeaderMap {
        self.visit(|handle| drop(open(handle))).1.unwrap()
    }
}

/// A request as the server sees it.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) handle: SessionHandle,
    request: HeaderMap,
}

impl Visit {
    pub(crate) fn open<T: Default + Serialize + DeserializeOwned>(
        &self,
    ) -> Result<Session<T>, SessionError> {
        wait(self.handle.open(&self.request))
    }

    /// The same without a runtime of its own, for tests that have one.
    pub(crate) async fn open_async(&self) -> Result<Session, SessionError> {
        self.handle.open(&self.request).await
    }

    /// The headers of the response; there are none when there is an error.
    pub(crate) async fn answer(&self, status: StatusCode) -> Result<HeaderMap, SessionError> {
        let mut response = HeaderMap::new();
        let committed = self.handle.commit(status, &mut response).await;
        if committed.is_err() {
            assert!(
                response.is_empty(),
                "headers in spite of an error: {response:?}"
            );
        }
        committed.map(|()| response)
    }
}

pub(crate) fn open(visit: &Visit) -> Session {
    visit.open().unwrap()
}

pub(crate) fn set_cookies(response: &HeaderMap) -> Vec<&str> {
    let cookies = response.get_all(SET_COOKIE).iter();
    cookies.map(|cookie| cookie.to_str().unwrap()).collect()
}
