//! Nothing that is logged or shown by a debugger tells a secret.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use http::StatusCode;
use privyseal_session::revocation::Presented;
use privyseal_session::store::{NewRow, Store as _};
use privyseal_session::{Engine, Excess, OutagePolicy, ParallelSessions, Session, SessionError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

use crate::browser::{Browser, key_bytes};
use crate::kinds::{Kind, Place, named};
use crate::test_store::Health;

/// Everything that was said, at every level.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<String>>);

impl Log {
    /// All of it.
    pub(crate) fn said(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    fn say(&self, shown: &impl Debug) {
        writeln!(self.0.lock().unwrap(), "{shown:?}\n{shown:#?}").unwrap();
    }

    fn shows(&self, secret: &[u8]) -> Option<String> {
        let text = self.0.lock().unwrap().clone();
        // `{:#?}` of bytes has one in each line.
        let squeezed: String = text.split_whitespace().collect();
        let found = |spelling: &String| text.contains(spelling) || squeezed.contains(spelling);
        spellings(secret).into_iter().find(found)
    }
}

/// How bytes can look in a log.
fn spellings(secret: &[u8]) -> Vec<String> {
    let hex = |upper: bool| {
        secret.iter().fold(String::new(), |mut hex, byte| {
            if upper {
                write!(hex, "{byte:02X}").unwrap();
            } else {
                write!(hex, "{byte:02x}").unwrap();
            }
            hex
        })
    };
    let list = format!("{secret:?}").replace(' ', "");
    vec![
        String::from_utf8_lossy(secret).into_owned(),
        hex(false),
        hex(true),
        base64_simd::STANDARD_NO_PAD.encode_to_string(secret),
        base64_simd::URL_SAFE_NO_PAD.encode_to_string(secret),
        list.trim_matches(['[', ']']).to_owned(),
    ]
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Line(self));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Line(self));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Line(self));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line<'a>(&'a Log);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

/// One visitor of an application, without a runtime of its own.
struct Visitor {
    browser: Browser,
    log: Log,
    /// Every cookie that it ever had.
    cookies: Vec<String>,
}

impl Visitor {
    async fn visit(&mut self, status: StatusCode, handler: impl FnOnce(&mut Session)) {
        let visit = self.browser.begin();
        self.log.say(&visit.handle);
        match visit.open_async().await {
            Ok(mut session) => {
                handler(&mut session);
                self.log.say(&session);
            }
            Err(error) => self.hear(&error),
        }
        match visit.answer(status).await {
            Ok(response) => self.browser.take(&response),
            Err(error) => self.hear(&error),
        }
        self.cookies.extend(self.browser.cookie.clone());
    }

    fn hear(&self, error: &SessionError) {
        self.log.say(error);
        self.log.say(&error.to_string());
        self.log.say(&error.response());
    }
}

/// Sign-in, writes, conflicts, theft, outages and ends.
async fn live(kind: &Kind, engine: &Engine, log: &Log) -> Vec<String> {
    let mut visitor = Visitor {
        browser: Browser::new(engine),
        log: log.clone(),
        cookies: Vec::new(),
    };
    log.say(engine);
    let (ok, broken) = (StatusCode::OK, StatusCode::BAD_GATEWAY);
    visitor
        .visit(ok, |session| {
            session.insert("password", DATA);
            session.sign_in(named(SUBJECT));
            session.set_label(LABEL).unwrap();
            session.flash("message", FLASH).unwrap();
            log.say(&session.csrf_token().is_ok());
        })
        .await;
    visitor
        .visit(broken, |session| drop(session.insert("b", 1)))
        .await;
    visitor
        .visit(ok, |session| log.say(&session.take_flashes().len()))
        .await;
    let old = visitor.browser.clone();
    visitor.visit(ok, Session::renew).await;

    // Two at once, which meet.
    let slow = visitor.browser.begin();
    slow.open_async().await.unwrap().insert("password", "slow");
    visitor
        .visit(ok, |session| drop(session.insert("password", DATA)))
        .await;
    log.say(&slow.answer(ok).await.err());

    for session in engine.sessions_of(&named(SUBJECT)).await.unwrap() {
        log.say(&session);
        let row = kind.store.row(session.id).await.unwrap();
        log.say(&row);
        log.say(&NewRow {
            subject: row.subject.as_ref(),
            last_seen: row.last_seen,
            expires_at: row.expires_at,
            ends_at: row.ends_at,
            data: &row.data,
        });
        log.say(&kind.store.load(session.id).await.unwrap());
        log.say(&Presented {
            id: Some(session.id),
            mac: Some(DATA.as_bytes()),
            began_at: session.created_at,
            signed_in: Some((&named(SUBJECT), session.created_at)),
        });
    }

    // One session too many, a store that is down, a row that is broken, and a cookie that is old.
    let mut second = Visitor {
        browser: Browser::new(engine),
        log: log.clone(),
        cookies: Vec::new(),
    };
    second
        .visit(ok, |session| session.sign_in(named(SUBJECT)))
        .await;
    kind.store.set(Health::Down);
    for _ in 0..7 {
        visitor
            .visit(ok, |session| drop(session.insert("password", DATA)))
            .await;
    }
    kind.store.set(Health::Well);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    visitor
        .visit(ok, |session| drop(session.insert("n", DATA)))
        .await;
    let mut changed = visitor.browser.cookie.clone().unwrap();
    changed.push('A');
    let mut forger = Visitor {
        browser: Browser::with_cookie(engine, &changed),
        log: log.clone(),
        cookies: Vec::new(),
    };
    forger.visit(ok, |_| ()).await;
    kind.clock.advance(21);
    let mut thief = Visitor {
        browser: old,
        log: log.clone(),
        cookies: Vec::new(),
    };
    thief.visit(ok, |_| ()).await;
    visitor.visit(ok, Session::end).await;
    [visitor.cookies, second.cookies].concat()
}

#[tokio::test(start_paused = true)]
async fn a_whole_life_of_a_session_tells_no_secret_to_any_log() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    for (revokes, seals) in [(false, false), (true, true)] {
        let kind = Kind::new(Place::Stored, revokes);
        let mut engine = kind
            .engine
            .clone()
            .with_parallel_sessions(ParallelSessions {
                max: 1,
                excess: Excess::Reject,
            })
            .with_outage_policy(OutagePolicy::StaleReads {
                max_age: std::time::Duration::from_mins(5),
            });
        if seals {
            engine = engine.with_sealing_at_rest();
        }
        let cookies = live(&kind, &engine, &log).await;
        assert!(cookies.len() > 5);

        let mut secrets: Vec<Vec<u8>> = [DATA, SUBJECT, LABEL, FLASH]
            .map(|text| text.as_bytes().to_vec())
            .into();
        secrets.push(key_bytes(b'a'));
        for cookie in &cookies {
            let token = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(cookie).unwrap();
            secrets.extend([token[25..57].to_vec(), token[57..].to_vec()]);
            secrets.push(cookie.clone().into_bytes());
        }
        for secret in &secrets {
            assert_eq!(log.shows(secret), None);
        }
    }
    // It did hear of what happened, and the search can find.
    let said = log.0.lock().unwrap().clone();
    for event in [
        "signed_in",
        "session_renewed",
        "id_reused",
        "refused_forged",
        "breaker_opened",
    ] {
        assert!(said.contains(event), "{event}");
    }
    let secret = &key_bytes(b'a')[..];
    for spelling in spellings(secret) {
        let log = Log::default();
        let _guard = tracing::subscriber::set_default(log.clone());
        tracing::trace!(said = %spelling);
        assert!(log.shows(secret).is_some(), "{spelling}");
    }
    let log = Log::default();
    log.say(&secret);
    assert!(log.shows(secret).is_some());
}

const DATA: &str = "hunter2-in-the-session";
const SUBJECT: &str = "user-ada-lovelace-4711";
const LABEL: &str = "the phone of ada";
const FLASH: &str = "welcome back, countess";
