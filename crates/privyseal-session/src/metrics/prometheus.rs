//! The numbers as Prometheus reads them.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::EncodeLabelValue;
use prometheus_client::encoding::LabelValueEncoder;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::{CallOutcome, Event, Metrics, StoreCall};

/// Keeps the numbers for a registry of `prometheus-client` 0.25. A clone shares the numbers.
///
/// - `privyseal_session_events_total{event}` counts events. Every event is there from the start,
///   with 0, so that an alert on its rate sees also the first one.
/// - `privyseal_session_store_call_seconds{call, outcome}` is a histogram of the calls to the
///   store, from 50 µs to 5 s. A pair of labels appears with the first call that it is about.
///
/// # Examples
/// ```
/// use privyseal_session::metrics::{Event, Metrics, PrometheusMetrics};
/// use prometheus_client::encoding::text::encode;
/// use prometheus_client::registry::Registry;
///
/// let mut registry = Registry::default();
/// let metrics = PrometheusMetrics::default();
/// metrics.register(&mut registry);
///
/// metrics.count(Event::SignedIn); // as the engine does
///
/// let mut exposition = String::new();
/// encode(&mut exposition, &registry)?;
/// println!("{exposition}");
/// assert!(exposition.contains(r#"privyseal_session_events_total{event="signed_in"} 1"#));
/// # Ok::<(), std::fmt::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PrometheusMetrics {
    events: Family<EventLabels, Counter>,
    /// The counters of the family in the order of [`Event::ALL`], to be found without its lock.
    counters: Vec<Counter>,
    store_calls: Family<CallLabels, Histogram, fn() -> Histogram>,
}

impl PrometheusMetrics {
    /// Makes the numbers part of what a registry exposes.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "privyseal_session_events",
            "Events of sessions",
            self.events.clone(),
        );
        registry.register_with_unit(
            "privyseal_session_store_call",
            "Calls to the session store, by method and outcome",
            Unit::Seconds,
            self.store_calls.clone(),
        );
    }
}

impl Default for PrometheusMetrics {
    /// Every event at 0.
    fn default() -> Self {
        let events = Family::default();
        let counters = Event::ALL
            .iter()
            .map(|&event| events.get_or_create_owned(&EventLabels { event }))
            .collect();
        Self {
            events,
            counters,
            store_calls: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        }
    }
}

impl Metrics for PrometheusMetrics {
    fn count(&self, event: Event) {
        if let Some(counter) = self.counters.get(event as usize) {
            counter.inc();
        }
    }

    fn store_call(&self, call: StoreCall, outcome: CallOutcome, took: Duration) {
        self.store_calls
            .get_or_create(&CallLabels { call, outcome })
            .observe(took.as_secs_f64());
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    event: Event,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    call: StoreCall,
    outcome: CallOutcome,
}

macro_rules! encode_by_name {
    ($($Label:ty),+) => {$(
        impl EncodeLabelValue for $Label {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
                EncodeLabelValue::encode(&self.name(), encoder)
            }
        }
    )+};
}
encode_by_name!(Event, StoreCall, CallOutcome);

/// Upper bounds in seconds: a store in memory answers below the first, and no deadline that makes
/// sense is above the last.
const BUCKETS: [f64; 16] = [
    50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0,
    2.5, 5.0,
];
