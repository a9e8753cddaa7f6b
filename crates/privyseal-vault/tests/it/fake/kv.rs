//! KV engines of both versions.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::{Map, Value, json};

use super::{Call, Fault, Reply, State, errors};

/// A KV engine.
pub(crate) struct Engine {
    pub(crate) is_versioned: bool,
    /// `delete_version_after`, in seconds; never, if zero.
    pub(crate) delete_after: u64,
    /// It is being made one of version 2.
    pub(crate) is_upgrading: bool,
    pub(crate) secrets: BTreeMap<String, Secret>,
}

/// A secret and its metadata; in an engine of version 1 it has one version.
#[derive(Default)]
pub(crate) struct Secret {
    pub(crate) current: u64,
    /// Ten, if zero.
    pub(crate) max_versions: u64,
    pub(crate) versions: BTreeMap<u64, Version>,
}

pub(crate) struct Version {
    pub(crate) data: Value,
    pub(crate) deleted_at: Option<u64>,
    pub(crate) is_destroyed: bool,
}

impl Engine {
    pub(crate) fn versioned() -> Self {
        Self {
            is_versioned: true,
            delete_after: 0,
            is_upgrading: false,
            secrets: BTreeMap::new(),
        }
    }

    pub(super) fn plain() -> Self {
        Self {
            is_versioned: false,
            ..Self::versioned()
        }
    }

    /// The last version of a secret.
    pub(crate) fn last(&mut self, path: &str) -> &mut Version {
        let secret = self.secrets.get_mut(path).unwrap();
        secret.versions.get_mut(&secret.current).unwrap()
    }
}

pub(super) fn reply(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    if let Some(path) = call.path.strip_prefix("sys/internal/ui/mounts/") {
        return Some(mounted(state, path));
    }
    let (mount, path) = call.path.split_once('/')?;
    let (now, longest, fault) = (state.now, state.longest, state.fault);
    let adds_version = state.adds_version_after_reads;
    let engine = state.engines.get_mut(mount)?;
    if !engine.is_versioned {
        return Some(plain(engine, path, call));
    }
    if engine.is_upgrading {
        let text = "Upgrading from non-versioned to versioned data. This backend will be \
                    unavailable for a brief period and will resume service shortly.";
        return Some(errors(400, &[text]));
    }
    let (kind, path) = path.split_once('/')?;
    match (kind, &call.method) {
        ("data", &Method::GET) => {
            let reply = read(engine, path, call.query, now);
            if adds_version {
                let data = engine.last(path).data.clone();
                write(engine, path, &json!({ "data": data }), now, true);
            }
            Some(reply)
        }
        ("data", &Method::POST) => {
            let compares = !matches!(fault, Some(Fault::NoComparison));
            if call.content.to_string().len() > longest {
                return Some(errors(413, &["put failed due to value being too large"]));
            }
            Some(write(engine, path, &call.content, now, compares))
        }
        ("metadata", &Method::GET) => Some(metadata(engine, path)),
        ("metadata", &Method::POST) => {
            let secret = engine.secrets.entry(path.to_owned()).or_default();
            if let Some(max) = call.content.get("max_versions") {
                secret.max_versions = max.as_u64().unwrap();
            }
            Some((204, Value::Null))
        }
        _ => None,
    }
}

fn mounted(state: &State, path: &str) -> Reply {
    let mount = path.split('/').next().unwrap();
    let Some(engine) = state.engines.get(mount) else {
        // The same for whoever may not know.
        let text = "preflight capability check returned 403, please ensure client's policies \
                    grant access to path";
        return errors(403, &[text]);
    };
    let options = engine.is_versioned.then(|| json!({ "version": "2" }));
    let data = json!({ "type": "kv", "path": format!("{mount}/"), "options": options });
    (200, json!({ "data": data }))
}

fn read(engine: &Engine, path: &str, query: Option<&str>, now: u64) -> Reply {
    let nothing = || errors(404, &[]);
    let Some(secret) = engine.secrets.get(path) else {
        return nothing();
    };
    let asked = query.map(|query| query.strip_prefix("version=").unwrap().parse().unwrap());
    let number = asked.unwrap_or(secret.current);
    let Some(version) = secret.versions.get(&number) else {
        return nothing();
    };
    let is_gone = version.is_destroyed || version.deleted_at.is_some_and(|at| at <= now);
    let data = if is_gone { &Value::Null } else { &version.data };
    let metadata = json!({
        "version": number,
        "deletion_time": time(version.deleted_at),
        "destroyed": version.is_destroyed,
    });
    let status = if is_gone { 404 } else { 200 };
    // What comes out of the storage has been through a parser that knows no long numbers.
    let data = rounded(data);
    let content = json!({ "data": { "data": data, "metadata": metadata }, "warnings": null });
    (status, content)
}

fn write(engine: &mut Engine, path: &str, content: &Value, now: u64, compares: bool) -> Reply {
    let secret = engine.secrets.entry(path.to_owned()).or_default();
    let cas = content.pointer("/options/cas").and_then(Value::as_u64);
    if compares && cas.is_some_and(|cas| cas != secret.current) {
        let text = "check-and-set parameter did not match the current version";
        return errors(400, &[text]);
    }
    let Some(data) = content.get("data") else {
        return errors(400, &["no data provided"]);
    };
    secret.current += 1;
    let deleted_at = (engine.delete_after > 0).then(|| now + engine.delete_after);
    let version = Version {
        data: data.clone(),
        deleted_at,
        is_destroyed: false,
    };
    secret.versions.insert(secret.current, version);
    let kept = match secret.max_versions {
        0 => 10,
        max => max,
    };
    secret
        .versions
        .retain(|number, _| number + kept > secret.current);
    let data = json!({
        "version": secret.current,
        "deletion_time": time(deleted_at),
        "destroyed": false,
    });
    (200, json!({ "data": data }))
}

fn metadata(engine: &Engine, path: &str) -> Reply {
    match engine.secrets.get(path) {
        None => errors(404, &[]),
        Some(secret) => {
            let data = json!({
                "current_version": secret.current,
                "max_versions": secret.max_versions,
                "versions": {},
            });
            (200, json!({ "data": data }))
        }
    }
}

/// An engine of version 1 takes every path, and knows no conditions.
fn plain(engine: &mut Engine, path: &str, call: &Call<'_>) -> Reply {
    if call.method == Method::POST {
        let secret = engine.secrets.entry(path.to_owned()).or_default();
        let version = Version {
            data: call.content.clone(),
            deleted_at: None,
            is_destroyed: false,
        };
        secret.versions.insert(0, version);
        return (204, Value::Null);
    }
    let secret = engine.secrets.get(path);
    match secret.and_then(|secret| secret.versions.get(&0)) {
        Some(version) => (200, json!({ "data": version.data })),
        None => errors(404, &[]),
    }
}

fn time(seconds: Option<u64>) -> String {
    seconds.map_or_else(String::new, |seconds| {
        format!("2026-01-01T00:00:00.{seconds:09}Z")
    })
}

fn rounded(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (name.clone(), rounded(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}
