//! What load balancers and monitoring ask.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use privyseal_keys::ring::{RingCollector, RingStatus};
use privyseal_session::metrics::PrometheusMetrics;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use serde::Serialize;

use crate::keys::Keys;
use crate::node::RingNode;

/// Whether requests should be sent here: 200 or 503, with a line, or with JSON for who asks for it.
pub(super) async fn health(State(keys): State<Keys>, headers: HeaderMap) -> Response {
    let Some(node) = keys.node() else {
        return "ok".into_response();
    };
    let status = node.status();
    let code = if status.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = if wants_json(&headers) {
        json(&Health::of(node, &status))
    } else {
        line(&status).into_response()
    };
    (code, [(CACHE_CONTROL, "no-store")], body).into_response()
}

fn json(health: &Health) -> Response {
    match serde_json::to_string_pretty(health) {
        Ok(text) => ([(CONTENT_TYPE, "application/json")], text + "\n").into_response(),
        Err(error) => {
            tracing::error!(%error, "the health was not written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// What there is to say of the node in one line.
fn line(status: &RingStatus) -> String {
    let overdue = status.ring.is_some_and(|ring| ring.is_rotation_overdue);
    let overdue = if overdue { "; rotation overdue" } else { "" };
    let said = status.to_string().replace('\n', "; ");
    format!("{said}{overdue}\n")
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.contains("application/json"))
}

/// The same for programs.
#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are fields of a document, and each answers a question of its own"
)]
struct Health {
    schema_version: u32,
    ready: bool,
    /// `fresh`, `stale`, `empty` or `held`.
    state: &'static str,
    verifies: bool,
    signs: bool,
    /// `rotator` or `reader`.
    role: &'static str,
    ring: Option<String>,
    generation: Option<u64>,
    signer: Option<String>,
    age_seconds: Option<u64>,
    newest_key_age_seconds: Option<u64>,
    rotation_overdue: bool,
    trouble: Option<Trouble>,
    rotator_trouble: Option<Trouble>,
}

#[derive(Serialize)]
struct Trouble {
    message: String,
    hint: String,
}

impl Trouble {
    fn of(text: &str) -> Self {
        let (message, hint) = text.split_once("\nhint: ").unwrap_or((text, ""));
        Self {
            message: message.to_owned(),
            hint: hint.to_owned(),
        }
    }
}

impl Health {
    fn of(node: &RingNode, status: &RingStatus) -> Self {
        let ring = status.ring.as_ref();
        Self {
            schema_version: 1,
            ready: status.is_ready(),
            state: status.state.name(),
            verifies: status.verifies,
            signs: status.signs,
            role: node.role().name(),
            ring: ring.map(|ring| ring.id.to_string()),
            generation: ring.map(|ring| ring.generation),
            signer: ring.map(|ring| ring.signer.to_string()),
            age_seconds: status.age.map(|age| age.as_secs()),
            newest_key_age_seconds: ring.map(|ring| ring.newest_key_age),
            rotation_overdue: ring.is_some_and(|ring| ring.is_rotation_overdue),
            trouble: status.trouble.as_deref().map(Trouble::of),
            rotator_trouble: node.rotator_trouble().as_deref().map(Trouble::of),
        }
    }
}

/// The numbers of the sessions, and of the ring if there is one.
pub(super) fn registry(keys: &Keys, sessions: &PrometheusMetrics) -> Arc<Registry> {
    let mut registry = Registry::default();
    sessions.register(&mut registry);
    if let Some(node) = keys.node() {
        RingCollector::new(node.watcher().clone()).register(&mut registry);
    }
    Arc::new(registry)
}

pub(super) async fn metrics(State(registry): State<Arc<Registry>>) -> Response {
    let mut exposition = String::new();
    match encode(&mut exposition, &registry) {
        Ok(()) => ([(CONTENT_TYPE, OPEN_METRICS)], exposition).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics were not written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
