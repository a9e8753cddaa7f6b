//! What goes with pages: tokens for forms, and messages for the next one.

use http::{HeaderMap, Method};
use serde::Serialize;

use super::Session;
use crate::csrf::{CsrfError, CsrfPolicy, Verdict, token_to_check};
use crate::flash::{self, Flash, FlashError};
use crate::handle::KeySearch;
use crate::metrics::{Event, report};
use crate::{Engine, SessionError, SessionHandle};

impl<T: Serialize> Session<T> {
    /// A token for a form or a script, which [`check_csrf`](Self::check_csrf) takes back: see
    /// [`csrf`](crate::csrf). A visitor without a session is given one, to bind it to.
    ///
    /// # Errors
    /// Under Flask's rules, whose sessions have no id, and when no key of the ring signs.
    pub fn csrf_token(&mut self) -> Result<String, SessionError> {
        self.check_rules(
            "csrf_token",
            "let `check_csrf` decide by the headers of the request",
        )?;
        let engine = self.handle.engine().clone();
        let bound = self.handle.change(|record, _| {
            if record.id.is_none() {
                engine.ensure_id(record)?;
                record.meta.kept = true;
                record.modified = true;
            }
            record.binding().ok_or(SessionError::NotSupported)
        });
        let binding = bound.ok_or(SessionError::TooLate)??;
        let codec = engine.codec();
        let token = codec.csrf().issue(&binding);
        token.map_err(|error| engine.outage_or(codec.not_made(error)))
    }

    /// Whether the request may change something: by its method and headers, and where these do
    /// not decide, by the token in its header or in the form field that the caller found.
    ///
    /// Only a token under a key that the ring does not hold makes it wait, where the engine can have
    /// the [keys refreshed](Engine::with_key_refresh).
    ///
    /// # Errors
    /// When it cannot be told from a request that another site forged, and when the key of the token
    /// or the session that it is bound to is out of reach: see [`CsrfError::response`].
    pub fn check_csrf(
        &self,
        policy: &CsrfPolicy,
        method: &Method,
        headers: &HeaderMap,
        form_field: Option<&str>,
    ) -> impl Future<Output = Result<(), CsrfError>> + Send + use<T> {
        let token = token_to_check(policy, method, headers, form_field);
        let token = token.map(|token| token.map(str::to_owned));
        let handle = self.handle.clone();
        async move {
            match token? {
                Some(token) => check_token(&handle, &token).await,
                None => Ok(()),
            }
        }
    }

    /// Keeps a message for the next page that shows some: see [`flash`](crate::flash).
    ///
    /// # Errors
    /// When it is too long.
    pub fn flash(&mut self, category: &str, message: &str) -> Result<(), FlashError> {
        let pushed = self.handle.change(|record, _| {
            record.modified = true;
            record.written = true;
            flash::push(record.data.dict_mut(), category, message)
        });
        pushed.unwrap_or(Ok(()))
    }

    /// Takes the messages that wait, oldest first.
    pub fn take_flashes(&mut self) -> Vec<Flash> {
        let taken = self.handle.change(|record, _| {
            if !flash::any(record.data.dict()) {
                return Vec::new();
            }
            record.modified = true;
            record.written = true;
            flash::take(record.data.dict_mut())
        });
        taken.unwrap_or_default()
    }
}

/// Whether the token was issued for the session of this request.
async fn check_token(handle: &SessionHandle, token: &str) -> Result<(), CsrfError> {
    let engine = handle.engine();
    let bound = handle.look(|record| (record.binding(), record.degraded));
    let binding = match bound {
        Some((Some(binding), _)) => binding,
        // What the token is bound to is not here.
        Some((None, true)) => return Err(unavailable(engine)),
        // Nothing was ever bound to a session without an id, so no token passes for it.
        _ => return Err(CsrfError::Forged),
    };
    let mut verdict = engine.codec().csrf().verdict(&binding, token);
    if verdict == Verdict::UnknownKey {
        verdict = match handle.search_key().await {
            KeySearch::Done => engine.codec().csrf().verdict(&binding, token),
            KeySearch::Failed => Verdict::Unavailable,
            KeySearch::NotPossible => verdict,
        };
    }
    match verdict {
        Verdict::Good => Ok(()),
        Verdict::Forged | Verdict::UnknownKey => Err(CsrfError::Forged),
        Verdict::Unavailable => {
            report(engine.metrics(), Event::KeyUnavailable);
            Err(unavailable(engine))
        }
    }
}

fn unavailable(engine: &Engine) -> CsrfError {
    report(engine.metrics(), Event::OutageRefused);
    CsrfError::Unavailable {
        retry_after: engine.outage_policy().retry_after(),
    }
}
