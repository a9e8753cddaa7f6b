//! The layer: begins a session with the request, commits it with the response.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, VARY};
use http::{Request, Response};
use pin_project_lite::pin_project;
use privyseal_session::store::Store;
use privyseal_session::{Engine, LiveKeyRing, SessionHandle};
use tower_layer::Layer;
use tower_service::Service;

use crate::extract::response_to;

/// Gives every request of a router its session.
///
/// # Examples
/// ```
/// use privyseal::{KeyRing, SecretKey};
/// use privyseal_axum::{CookiePolicy, Engine, SessionLayer};
///
/// let keys = KeyRing::new(SecretKey::generate()?);
/// let layer = SessionLayer::signed(keys.clone());
///
/// // The same with settings of one's own.
/// let engine = Engine::signed(keys).with_cookie(CookiePolicy::builder("__Host-id").build()?);
/// let layer = SessionLayer::from(engine);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SessionLayer(Engine);

impl SessionLayer {
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

impl From<Engine> for SessionLayer {
    fn from(engine: Engine) -> Self {
        Self(engine)
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> SessionService<S> {
        SessionService {
            inner,
            engine: self.0.clone(),
        }
    }
}

/// A service whose requests have a session; made by [`SessionLayer`].
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    engine: Engine,
}

impl<S, B, R> Service<Request<B>> for SessionService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let handle = self.engine.begin(request.headers());
        request.extensions_mut().insert(handle.clone());
        let inner = self.inner.call(request);
        ResponseFuture {
            step: Step::Inner { inner, handle },
        }
    }
}

pin_project! {
    /// The response of a request with a session.
    pub struct ResponseFuture<F> {
        #[pin]
        step: Step<F>,
    }
}

pin_project! {
    #[project = StepProjection]
    enum Step<F> {
        /// The handler is at work.
        Inner { #[pin] inner: F, handle: SessionHandle },
        /// The handler is done and touched its session, which is saved.
        Commit { saving: Pin<Box<dyn Future<Output = Response<Body>> + Send>> },
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut step = self.project().step;
        if let StepProjection::Inner { inner, handle } = step.as_mut().project() {
            let response = match ready!(inner.poll(cx)) {
                // Other layers have bodies of their own; one that is axum's already is not boxed
                // again.
                Ok(response) => response.map(Body::new),
                Err(error) => return Poll::Ready(Err(error)),
            };
            if handle.is_idle() {
                return Poll::Ready(Ok(response));
            }
            let saving = Box::pin(commit(handle.clone(), response));
            step.set(Step::Commit { saving });
        }
        match step.project() {
            StepProjection::Commit { saving } => saving.as_mut().poll(cx).map(Ok),
            StepProjection::Inner { .. } => Poll::Pending,
        }
    }
}

/// The response with what has become of the session in its headers.
async fn commit(handle: SessionHandle, mut response: Response<Body>) -> Response<Body> {
    let status = response.status();
    if let Err(error) = handle.commit(status, response.headers_mut()).await {
        // The handler's answer may say "saved", so it must not go out.
        // The sources may quote what the session holds, which is for no log of production.
        tracing::error!(%error, "session was not saved");
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "session was not saved"
        );
        let uncached = [(VARY, "Cookie"), (CACHE_CONTROL, "no-store")];
        return (uncached, response_to(&error)).into_response();
    }
    response
}

impl<F> std::fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
