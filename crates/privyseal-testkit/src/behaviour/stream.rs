//! A body that is still being made when the headers are gone.

use std::convert::Infallible;
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use futures_core::Stream;
use privyseal_session::Session;

use super::Gates;

/// Streams `first`, waits at the gate `stream`, writes `late` into the session and streams `last`.
pub fn streamed<S>(
    session: S,
    gates: &Gates,
) -> impl Stream<Item = Result<Bytes, Infallible>> + use<S>
where
    S: DerefMut<Target = Session> + Unpin,
{
    let gates = gates.clone();
    Streamed {
        session,
        step: Step::First,
        passing: Box::pin(async move { gates.pass("stream").await }),
    }
}

struct Streamed<S> {
    session: S,
    step: Step,
    passing: Pin<Box<dyn Future<Output = ()> + Send>>,
}

enum Step {
    First,
    Last,
    Over,
}

impl<S: DerefMut<Target = Session> + Unpin> Stream for Streamed<S> {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = match self.step {
            Step::First => {
                self.step = Step::Last;
                "first"
            }
            Step::Last => {
                ready!(self.passing.as_mut().poll(cx));
                self.session.insert("late", "yes");
                self.step = Step::Over;
                "last"
            }
            Step::Over => return Poll::Ready(None),
        };
        Poll::Ready(Some(Ok(Bytes::from_static(chunk.as_bytes()))))
    }
}
