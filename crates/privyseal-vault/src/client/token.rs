//! The token: how it is got, renewed in time, and replaced when the server no longer knows it.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use privyseal_keys::KeyText;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::wire::{Wire, encoded};
use crate::error::CallError;
use crate::{Credential, Login, VaultError, name};

/// A token as it goes into a header.
pub(super) type Token = Arc<Zeroizing<String>>;

pub(super) struct Tokens {
    login: Login,
    /// Whoever gets a new token holds this, and the others wait for it instead of doing the same.
    held: Mutex<Option<Held>>,
}

/// A token and its times.
struct Held {
    token: Token,
    /// When it is to be renewed, and when it is over; never, for a root token.
    times: Option<Times>,
}

#[derive(Clone, Copy)]
struct Times {
    half: Instant,
    end: Instant,
    is_renewable: bool,
}

impl Tokens {
    pub(super) fn new(login: Login) -> Result<Self, VaultError> {
        if let Login::AppRole { mount, .. } | Login::Kubernetes { mount, .. } = &login {
            name::path(mount)?;
        }
        Ok(Self {
            login,
            held: Mutex::new(None),
        })
    }

    /// A token that the server knows as far as can be told here.
    pub(super) async fn present(&self, wire: &Wire) -> Result<Token, CallError> {
        let mut held = self.held.lock().await;
        if let Some(present) = &*held {
            let Some(times) = present.times else {
                return Ok(Arc::clone(&present.token));
            };
            let now = Instant::now();
            if now < times.half {
                return Ok(Arc::clone(&present.token));
            }
            if now < times.end {
                if !times.is_renewable {
                    return Ok(Arc::clone(&present.token));
                }
                match renew(wire, &present.token).await {
                    Ok(renewed) => return Ok(held.insert(renewed).token()),
                    // It still has half of its time.
                    Err(error) if !error.is_denial() => return Ok(Arc::clone(&present.token)),
                    Err(_) => {}
                }
            }
        }
        let entered = self.enter(wire).await?;
        Ok(held.insert(entered).token())
    }

    /// A token in place of one that was refused; none if that one is known to the server, so that
    /// a right is missing and another token would not have it either.
    pub(super) async fn after_refusal(
        &self,
        wire: &Wire,
        refused: &Token,
    ) -> Result<Option<Token>, CallError> {
        let mut held = self.held.lock().await;
        if let Some(present) = &*held {
            // Somebody was faster.
            if !Arc::ptr_eq(&present.token, refused) {
                return Ok(Some(present.token()));
            }
            match look_up(wire, refused).await {
                Ok(_) => return Ok(None),
                Err(error) if !error.is_denial() => return Err(error),
                Err(_) => *held = None,
            }
        }
        let entered = self.enter(wire).await?;
        Ok(Some(held.insert(entered).token()))
    }

    async fn enter(&self, wire: &Wire) -> Result<Held, CallError> {
        match &self.login {
            Login::Token(credential) => {
                let token = Arc::new(read_private(credential)?);
                let times = look_up(wire, &token).await?;
                Ok(Held { token, times })
            }
            Login::AppRole {
                mount,
                role_id,
                secret_id,
            } => {
                let secret_id = &read_private(secret_id)?;
                let proof = AppRole { role_id, secret_id };
                log_in(wire, mount, &proof).await
            }
            Login::Kubernetes { mount, role, jwt } => {
                // Pods have it open to everybody in them.
                let jwt = &text_of(&read(jwt)?)?;
                log_in(wire, mount, &ServiceAccount { role, jwt }).await
            }
        }
    }
}

impl Held {
    fn token(&self) -> Token {
        Arc::clone(&self.token)
    }
}

impl Times {
    /// A lease of no seconds has no end.
    fn of(lease: u64, is_renewable: bool) -> Option<Self> {
        let now = Instant::now();
        // Longer than a year is looked at once a year.
        let lease = Duration::from_secs(lease.min(YEAR));
        (!lease.is_zero()).then(|| Self {
            half: now + lease / 2,
            end: now + lease,
            is_renewable,
        })
    }
}

/// What nobody else should be able to read.
fn read_private(credential: &Credential) -> Result<Zeroizing<String>, CallError> {
    let text = read(credential)?;
    if let Some(warning) = text.warning() {
        tracing::warn!("{warning}");
    }
    text_of(&text)
}

fn read(credential: &Credential) -> Result<KeyText, CallError> {
    let text = match credential {
        Credential::File(path) => KeyText::from_file(path),
        Credential::Variable(name) => KeyText::from_env(name),
    };
    text.map_err(CallError::Credential)
}

fn text_of(text: &KeyText) -> Result<Zeroizing<String>, CallError> {
    let text = text.text().map_err(CallError::Credential)?.trim();
    if text.is_empty() {
        return Err(CallError::NoToken);
    }
    Ok(Zeroizing::new(text.to_owned()))
}

async fn log_in(wire: &Wire, mount: &str, proof: &impl Serialize) -> Result<Held, CallError> {
    let path = format!("auth/{mount}/login");
    let content = Some(encoded(proof)?);
    let answer = wire.send(Method::POST, &path, content, None).await?;
    let answer = answer.or_failure()?;
    // That is how a role or a secret is refused that is not known.
    if answer.status == 400 {
        return Err(CallError::LoginRefused);
    }
    if !answer.is_success() {
        return Err(answer.failure());
    }
    // Where a second factor is asked for, there is no token.
    held(&answer.json::<Entered>()?.auth)
}

async fn renew(wire: &Wire, token: &Token) -> Result<Held, CallError> {
    let path = "auth/token/renew-self";
    let content = Some(encoded(&serde_json::Map::new())?);
    let answer = wire.send(Method::POST, path, content, Some(token)).await?;
    let answer = answer.or_failure()?;
    if answer.status == 400 {
        return Err(CallError::LoginRefused);
    }
    if !answer.is_success() {
        return Err(answer.failure());
    }
    let auth = answer.json::<Entered>()?.auth;
    Ok(Held {
        token: Arc::clone(token),
        times: Times::of(auth.lease_duration, auth.renewable),
    })
}

/// How long the server lets this token live.
async fn look_up(wire: &Wire, token: &Token) -> Result<Option<Times>, CallError> {
    let path = "auth/token/lookup-self";
    let answer = wire.send(Method::GET, path, None, Some(token)).await?;
    let found: LookedUp = answer.or_failure()?.data()?;
    Ok(Times::of(found.ttl, found.renewable))
}

fn held(auth: &Auth) -> Result<Held, CallError> {
    if auth.client_token.is_empty() {
        return Err(CallError::LoginRefused);
    }
    Ok(Held {
        token: Arc::new(auth.client_token.clone()),
        times: Times::of(auth.lease_duration, auth.renewable),
    })
}

#[derive(Serialize)]
struct AppRole<'a> {
    role_id: &'a str,
    secret_id: &'a str,
}

#[derive(Serialize)]
struct ServiceAccount<'a> {
    role: &'a str,
    jwt: &'a str,
}

/// What a login and a renewal answer.
#[derive(Deserialize)]
struct Entered {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    #[serde(deserialize_with = "wiped")]
    client_token: Zeroizing<String>,
    lease_duration: u64,
    renewable: bool,
}

#[derive(Deserialize)]
struct LookedUp {
    ttl: u64,
    #[serde(default)]
    renewable: bool,
}

fn wiped<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(from).map(Zeroizing::new)
}

const YEAR: u64 = 365 * 24 * 3600;
