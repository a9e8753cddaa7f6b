//! The middleware: begins a session with the request, commits it with the response.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, VARY};
use actix_web::{Error, HttpMessage as _, HttpResponse};
use pin_project_lite::pin_project;
use privyseal_session::store::Store;
use privyseal_session::{Engine, LiveKeyRing, SessionError, SessionHandle};

use crate::border;
use crate::extract::response_to;

/// Gives every request of an application or a scope its session.
///
/// # Examples
/// ```
/// use actix_web::App;
/// use privyseal::{KeyRing, SecretKey};
/// use privyseal_actix::{CookiePolicy, Engine, SessionMiddleware};
///
/// let keys = KeyRing::new(SecretKey::generate()?);
/// let sessions = SessionMiddleware::signed(keys.clone());
/// let app = App::new().wrap(sessions);
///
/// // The same with settings of one's own.
/// let engine = Engine::signed(keys).with_cookie(CookiePolicy::builder("__Host-id").build()?);
/// let sessions = SessionMiddleware::from(engine);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SessionMiddleware(Engine);

impl SessionMiddleware {
    /// Sessions in a store: see [`Engine::stored`].
    pub fn stored(keys: impl Into<LiveKeyRing>, store: impl Store) -> Self {
        Self(Engine::stored(keys, store))
    }

    /// Signed sessions: see [`Engine::signed`].
    pub fn signed(keys: impl Into<LiveKeyRing>) -> Self {
        Self(Engine::signed(keys))
    }

    /// Sealed sessions: see [`Engine::sealed`].
    pub fn sealed(keys: impl Into<LiveKeyRing>) -> Self {
        Self(Engine::sealed(keys))
    }

    /// The sessions of a Flask application: see [`Engine::flask`].
    pub fn flask(keys: impl Into<LiveKeyRing>) -> Self {
        Self(Engine::flask(keys))
    }
}

impl From<Engine> for SessionMiddleware {
    fn from(engine: Engine) -> Self {
        Self(engine)
    }
}

impl<S, B> Transform<S, ServiceRequest> for SessionMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = SessionService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let engine = self.0.clone();
        ready(Ok(SessionService { inner, engine }))
    }
}

/// A service whose requests have a session; made by [`SessionMiddleware`].
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    engine: Engine,
}

impl<S, B> Service<ServiceRequest> for SessionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, B>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let cookies = || border::cookies(request.headers());
        let handle = self.engine.begin_with(cookies);
        request.extensions_mut().insert(handle.clone());
        let inner = self.inner.call(request);
        ResponseFuture {
            step: Step::Inner { inner, handle },
        }
    }
}

pin_project! {
    /// The response of a request with a session.
    pub struct ResponseFuture<F, B> {
        #[pin]
        step: Step<F, B>,
    }
}

pin_project! {
    #[project = StepProjection]
    enum Step<F, B> {
        /// The handler is at work.
        Inner { #[pin] inner: F, handle: SessionHandle },
        /// The handler is done and touched its session, which is saved.
        Commit { saving: Pin<Box<dyn Future<Output = Outcome<EitherBody<B>>>>> },
    }
}

type Outcome<B> = Result<ServiceResponse<B>, Error>;

impl<F, B> Future for ResponseFuture<F, B>
where
    F: Future<Output = Outcome<B>>,
    B: 'static,
{
    type Output = Outcome<EitherBody<B>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut step = self.project().step;
        if let StepProjection::Inner { inner, handle } = step.as_mut().project() {
            let outcome = ready!(inner.poll(cx));
            if handle.is_idle() {
                return Poll::Ready(outcome.map(ServiceResponse::map_into_left_body));
            }
            let saving = Box::pin(commit(handle.clone(), outcome));
            step.set(Step::Commit { saving });
        }
        match step.project() {
            StepProjection::Commit { saving } => saving.as_mut().poll(cx),
            StepProjection::Inner { .. } => Poll::Pending,
        }
    }
}

/// The response with what has become of the session in its headers.
async fn commit<B>(handle: SessionHandle, outcome: Outcome<B>) -> Outcome<EitherBody<B>> {
    match outcome {
        Ok(mut response) => {
            let status = response.status();
            match commit_into(&handle, status, response.headers_mut()).await {
                Ok(()) => Ok(response.map_into_left_body()),
                Err(error) => {
                    let answer = not_saved(&error);
                    Ok(response.into_response(answer).map_into_right_body())
                }
            }
        }
        // A middleware further in gave up. The response is made of its error later; what the
        // session adds to it goes along, and whoever looks for the error still finds it.
        Err(mut error) => {
            let status = error.as_response_error().status_code();
            let mut headers = HeaderMap::new();
            match commit_into(&handle, status, &mut headers).await {
                Ok(()) => {
                    error.add_response_mapper(move |mut response| {
                        add(&headers, response.headers_mut());
                        response
                    });
                    Err(error)
                }
                Err(error) => {
                    let answer = not_saved(&error);
                    Err(InternalError::from_response("session was not saved", answer).into())
                }
            }
        }
    }
}

async fn commit_into(
    handle: &SessionHandle,
    status: StatusCode,
    response: &mut HeaderMap,
) -> Result<(), SessionError> {
    // Both have the statuses from 100 to 999.
    let status = http::StatusCode::from_u16(status.as_u16()).unwrap_or_default();
    let mut headers = border::of_caches(response);
    handle.commit(status, &mut headers).await?;
    border::write_back(&headers, response)
}

/// Adds headers of the session to a response that they were not made for.
fn add(headers: &HeaderMap, response: &mut HeaderMap) {
    for (name, value) in headers {
        if name == CACHE_CONTROL {
            response.insert(name.clone(), value.clone());
        } else {
            response.append(name.clone(), value.clone());
        }
    }
}

/// The answer in place of the handler's, which may say "saved" and must not go out.
fn not_saved(error: &SessionError) -> HttpResponse {
    // The sources may quote what the session holds, which is for no log of production.
    tracing::error!(%error, "session was not saved");
    tracing::debug!(
        error = error as &dyn std::error::Error,
        "session was not saved"
    );
    let mut response = response_to(error);
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Cookie"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
