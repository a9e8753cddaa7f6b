//! Requests to axum, in tasks of a runtime with as many threads as there are cores.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::body::Body;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderValue, Request, Response, StatusCode};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::sample::{PAUSE, Scatter};
use crate::{Contender, Job, Kind, Outcome, Waiting, visit};

/// A router with sessions, called without a socket.
#[derive(Clone, Debug)]
pub struct AxumApp {
    plain: Router,
    touching: Router,
    calls: Arc<AtomicU64>,
    cookies: Arc<Mutex<Arc<Vec<HeaderValue>>>>,
}

impl AxumApp {
    /// An application by its routes `/`, `/read` and `/write`, the same with sessions whose every
    /// use is written down, and what counts the calls of their store.
    pub fn new(plain: Router, touching: Router, calls: Arc<AtomicU64>) -> Self {
        Self {
            plain,
            touching,
            calls,
            cookies: Arc::default(),
        }
    }

    async fn call(&self, kind: Kind, cookie: Option<&HeaderValue>) -> Result<Response<Body>> {
        let mut request = Request::get(kind.path()).body(Body::empty())?;
        if let Some(cookie) = cookie {
            request.headers_mut().insert(COOKIE, cookie.clone());
        }
        let router = match kind {
            Kind::Touch => &self.touching,
            _ => &self.plain,
        };
        Ok(router.clone().oneshot(request).await?)
    }

    async fn expect(self, kind: Kind, cookie: HeaderValue) -> Result<()> {
        let response = self.call(kind, Some(&cookie)).await?;
        let status = response.status();
        ensure!(status == StatusCode::OK, "{kind:?} is answered {status}");
        Ok(())
    }

    /// The cookie that the first visit gives.
    async fn first_visit(self) -> Result<HeaderValue> {
        let response = self.call(Kind::Write, None).await?;
        let status = response.status();
        let cookie = response.headers().get(SET_COOKIE);
        let cookie = cookie.with_context(|| format!("no cookie was set with {status}"))?;
        let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
        Ok(pair.parse()?)
    }

    fn cookies(&self) -> Arc<Vec<HeaderValue>> {
        Arc::clone(&self.cookies.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn measured(self, job: Job, visitor: usize, until: Instant) -> Result<Vec<u32>> {
        let cookies = self.cookies();
        let mut scatter = Scatter::new(visitor);
        visit(until, || {
            let index = if job.scattered {
                scatter.below(cookies.len())
            } else {
                visitor
            };
            let cookie = cookies.get(index).cloned();
            let app = self.clone();
            async move {
                let cookie = cookie.context("every visitor has a cookie")?;
                app.expect(job.kind, cookie).await
            }
        })
        .await
    }

    async fn beside(self, visitor: usize) {
        let cookies = self.cookies();
        loop {
            // While the store is away this is an error, and meant to be.
            let _ = self.call(Kind::Read, cookies.get(visitor)).await;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Contender for AxumApp {
    fn fill(&self, sessions: usize) -> Waiting<'_, Result<()>> {
        Box::pin(async move {
            let mut cookies = self.cookies().to_vec();
            let mut tasks = JoinSet::new();
            while cookies.len() + tasks.len() < sessions || !tasks.is_empty() {
                if tasks.len() < AT_ONCE && cookies.len() + tasks.len() < sessions {
                    tasks.spawn(self.clone().first_visit());
                } else if let Some(cookie) = tasks.join_next().await {
                    cookies.push(cookie??);
                }
            }
            *self.cookies.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(cookies);
            Ok(())
        })
    }

    fn run<'a>(&'a self, job: &'a Job) -> Waiting<'a, Result<Outcome>> {
        Box::pin(async move {
            self.fill(job.visitors + job.beside).await?;
            let calls = self.calls.load(Ordering::Relaxed);
            let began = Instant::now();
            let until = began + Duration::from_millis(job.millis);
            let mut others = JoinSet::new();
            for visitor in job.visitors..job.visitors + job.beside {
                others.spawn(self.clone().beside(visitor));
            }
            let mut tasks = JoinSet::new();
            for visitor in 0..job.visitors {
                tasks.spawn(self.clone().measured(*job, visitor, until));
            }
            let mut took = Vec::new();
            while let Some(visited) = tasks.join_next().await {
                took.append(&mut visited??);
            }
            Outcome::new(began, took, self.calls.load(Ordering::Relaxed) - calls)
        })
    }
}

/// How many sessions are made at once.
const AT_ONCE: usize = 256;
