//! Work that is done even if nobody waits for it any more.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;
use tracing::Instrument as _;

/// A future that goes on as a task when it is dropped before its end.
///
/// A browser that hangs up drops the response, and its future with it. Who signed out is signed
/// out all the same. As long as somebody waits there is no task, which would cost two changes of
/// thread.
pub(super) struct Unfinished<T: Send + 'static>(Option<Work<T>>);

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<T: Send + 'static> Unfinished<T> {
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<T: Send + 'static> Future for Unfinished<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(work) = &mut self.0 else {
            return Poll::Pending;
        };
        let output = ready!(work.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(output)
    }
}

impl<T: Send + 'static> Drop for Unfinished<T> {
    fn drop(&mut self) {
        // Work that panicked has come to its end.
        if std::thread::panicking() {
            return;
        }
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async { drop(work.await) }.in_current_span());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_is_waited_for_gives_its_output() {
        assert_eq!(Unfinished::new(async { 7 }).await, 7);
    }

    #[tokio::test]
    async fn what_is_dropped_in_the_middle_is_done_all_the_same() {
        let (go, goes) = oneshot::channel();
        let (done, is_done) = oneshot::channel();
        let mut work = Box::pin(Unfinished::new(async move {
            goes.await.unwrap();
            done.send(7).unwrap();
        }));
        let polled = std::future::poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx)));
        assert!(polled.await.is_pending());
        drop(work);
        go.send(()).unwrap();
        assert_eq!(is_done.await, Ok(7));
    }

    #[tokio::test]
    async fn what_was_never_polled_is_done_as_well() {
        let (done, is_done) = oneshot::channel();
        drop(Unfinished::new(async move { done.send(7).unwrap() }));
        assert_eq!(is_done.await, Ok(7));
    }
}
