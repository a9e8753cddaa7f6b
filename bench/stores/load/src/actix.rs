//! Requests to actix-web, in tasks of one thread, as each of its workers has them.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, SET_COOKIE};
use actix_web::{Error, rt, test};
use anyhow::{Context as _, Result, anyhow, ensure};
use tokio::sync::{mpsc, oneshot};

use crate::sample::PAUSE;
use crate::{Contender, Job, Kind, Outcome, Waiting, visit};

/// An application with sessions, on a thread of its own, called without a socket.
#[derive(Debug)]
pub struct ActixApp {
    jobs: mpsc::UnboundedSender<Asked>,
}

type Asked = (Job, oneshot::Sender<Result<Outcome>>);

impl ActixApp {
    /// Starts the thread. `make` makes two services with the routes `/`, `/read` and `/write`; in
    /// the second, every use of a session is written down.
    pub fn start<F, S, B>(make: impl FnOnce() -> F + Send + 'static, calls: Arc<AtomicU64>) -> Self
    where
        F: Future<Output = Result<[S; 2]>>,
        S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error> + 'static,
        B: MessageBody + 'static,
    {
        let (jobs, mut asked) = mpsc::unbounded_channel::<Asked>();
        std::thread::spawn(move || {
            rt::System::new().block_on(async move {
                let mut app = make().await.map(App::new);
                while let Some((job, answer)) = asked.recv().await {
                    let outcome = match &mut app {
                        Ok(app) => app.run(job, &calls).await,
                        Err(error) => Err(anyhow!("{error:#}")),
                    };
                    // Whoever asked is waiting.
                    let _ = answer.send(outcome);
                }
            });
        });
        Self { jobs }
    }
}

impl Contender for ActixApp {
    fn fill(&self, sessions: usize) -> Waiting<'_, Result<()>> {
        Box::pin(async move {
            let job = Job {
                kind: Kind::Untouched,
                visitors: sessions,
                millis: 1,
                scattered: false,
                beside: 0,
            };
            self.run(&job).await.map(drop)
        })
    }

    fn run<'a>(&'a self, job: &'a Job) -> Waiting<'a, Result<Outcome>> {
        Box::pin(async move {
            let (answer, outcome) = oneshot::channel();
            let sent = self.jobs.send((*job, answer));
            sent.ok().context("the thread has ended")?;
            outcome.await?
        })
    }
}

struct App<S> {
    services: Rc<[S; 2]>,
    cookies: Vec<String>,
}

impl<S, B> App<S>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    fn new(services: [S; 2]) -> Self {
        Self {
            services: Rc::new(services),
            cookies: Vec::new(),
        }
    }

    async fn run(&mut self, job: Job, calls: &AtomicU64) -> Result<Outcome> {
        while self.cookies.len() < job.visitors + job.beside {
            self.cookies.push(first_visit(&self.services).await?);
        }
        let before = calls.load(Ordering::Relaxed);
        let began = Instant::now();
        let until = began + Duration::from_millis(job.millis);
        let others = self.cookies.iter().skip(job.visitors).take(job.beside);
        let others: Vec<_> = others
            .map(|cookie| rt::spawn(beside(Rc::clone(&self.services), cookie.clone())))
            .collect();
        let visitors = self.cookies.iter().take(job.visitors);
        let visitors: Vec<_> = visitors
            .map(|cookie| {
                let (services, cookie) = (Rc::clone(&self.services), cookie.clone());
                rt::spawn(async move {
                    let request = || expect(&services, job.kind, &cookie);
                    visit(until, request).await
                })
            })
            .collect();
        let mut took = Vec::new();
        for visitor in visitors {
            took.append(&mut visitor.await??);
        }
        others.iter().for_each(rt::task::JoinHandle::abort);
        Outcome::new(began, took, calls.load(Ordering::Relaxed) - before)
    }
}

async fn call<S, B>(services: &[S; 2], kind: Kind, cookie: &str) -> Result<ServiceResponse<B>>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
{
    let mut request = test::TestRequest::get().uri(kind.path());
    if !cookie.is_empty() {
        request = request.insert_header((COOKIE, cookie));
    }
    let [plain, touching] = services;
    let service = if kind == Kind::Touch { touching } else { plain };
    let response = service.call(request.to_request()).await;
    response.map_err(|error| anyhow!("{kind:?}: {error}"))
}

async fn expect<S, B>(services: &[S; 2], kind: Kind, cookie: &str) -> Result<()>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
{
    let response = call(services, kind, cookie).await?;
    let status = response.status();
    ensure!(status == StatusCode::OK, "{kind:?} is answered {status}");
    Ok(())
}

async fn first_visit<S, B>(services: &[S; 2]) -> Result<String>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
{
    let response = call(services, Kind::Write, "").await?;
    let status = response.status();
    let cookie = response.headers().get(SET_COOKIE);
    let cookie = cookie.with_context(|| format!("no cookie was set with {status}"))?;
    let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
    Ok(pair.to_owned())
}

async fn beside<S, B>(services: Rc<[S; 2]>, cookie: String)
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
{
    loop {
        // While the store is away this is an error, and meant to be.
        let _ = call(&services, Kind::Read, &cookie).await;
        tokio::time::sleep(PAUSE).await;
    }
}
