//! The text that Prometheus scrapes.

use std::time::Duration;

use privyseal_session::metrics::{CallOutcome, Event, Metrics, PrometheusMetrics, StoreCall};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

#[test]
fn every_event_is_exposed_with_0_from_the_start() {
    let (_, registry) = registered();
    let text = exposition(&registry);
    for event in Event::ALL {
        let line = format!(
            "privyseal_session_events_total{{event=\"{}\"}} 0\n",
            event.name()
        );
        assert!(text.contains(&line), "{line} is missing in\n{text}");
    }
    let events = text
        .lines()
        .filter(|line| line.starts_with("privyseal_session_events_total"));
    assert_eq!(events.count(), Event::ALL.len());
}

#[test]
fn each_event_counts_under_its_own_name() {
    for counted in Event::ALL {
        let (metrics, registry) = registered();
        metrics.count(*counted);
        let text = exposition(&registry);
        for event in Event::ALL {
            let count = u8::from(event == counted);
            let line = format!("{{event=\"{}\"}} {count}\n", event.name());
            assert!(text.contains(&line), "{line} is missing in\n{text}");
        }
    }
}

#[test]
fn store_calls_are_a_histogram_in_seconds() {
    let (metrics, registry) = registered();
    let micros = Duration::from_micros;
    metrics.store_call(StoreCall::Load, CallOutcome::Answered, micros(50));
    metrics.store_call(StoreCall::Load, CallOutcome::Answered, micros(51));
    metrics.store_call(StoreCall::Load, CallOutcome::Answered, micros(6_000_000));

    let text = exposition(&registry);
    let (_, calls) = text
        .split_once("# HELP privyseal_session_store_call_seconds")
        .unwrap();
    assert_eq!(
        calls,
        r#" Calls to the session store, by method and outcome.
# TYPE privyseal_session_store_call_seconds histogram
# UNIT privyseal_session_store_call_seconds seconds
privyseal_session_store_call_seconds_sum{call="load",outcome="answered"} 6.000101
privyseal_session_store_call_seconds_count{call="load",outcome="answered"} 3
privyseal_session_store_call_seconds_bucket{le="0.00005",call="load",outcome="answered"} 1
privyseal_session_store_call_seconds_bucket{le="0.0001",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="0.00025",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="0.0005",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="0.001",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="0.0025",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="0.005",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="0.01",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="0.025",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="0.05",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="0.1",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="0.25",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="0.5",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="1.0",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="2.5",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="5.0",call="load",outcome="answered"} 2
privyseal_session_store_call_seconds_bucket{le="+Inf",call="load",outcome="answered"} 3
# EOF
"#
    );
}

fn registered() -> (PrometheusMetrics, Registry) {
    let mut registry = Registry::default();
    let metrics = PrometheusMetrics::default();
    metrics.register(&mut registry);
    (metrics, registry)
}

fn exposition(registry: &Registry) -> String {
    let mut text = String::new();
    encode(&mut text, registry).unwrap();
    text
}
