use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

use super::*;

/// Keeps the fields of every event, and its level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let level = *event.metadata().level();
        self.0.lock().unwrap().push((level, line.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?};").unwrap();
    }
}

#[derive(Debug, Default)]
struct Counted(Mutex<Vec<Event>>);

impl Metrics for Counted {
    fn count(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

#[test]
fn an_event_is_counted_and_emitted_with_its_name_and_nothing_else() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let counted = Counted::default();
    for event in Event::ALL {
        report(&counted, *event);
    }
    assert_eq!(*counted.0.lock().unwrap(), Event::ALL);
    let expected: Vec<_> = Event::ALL
        .iter()
        .map(|event| (event.level(), format!("event={:?};", event.name())))
        .collect();
    assert_eq!(*log.0.lock().unwrap(), expected);
}

#[test]
fn what_an_operator_should_look_into_is_a_warning() {
    let warnings: Vec<_> = Event::ALL
        .iter()
        .filter(|event| event.level() == Level::WARN)
        .map(|event| event.name())
        .collect();
    assert_eq!(
        warnings,
        ["id_reused", "cookie_too_large", "breaker_opened"]
    );
}
