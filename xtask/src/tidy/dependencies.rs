//! Who may depend on whom, and why each dependency is there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::tree::Tree;

/// What a crate of ours may depend on.
enum May {
    /// These crates of ours, no others.
    Only(&'static [&'static str]),
    /// Every crate of ours that may be depended on.
    All,
}

/// Development dependencies are free: they reach no user. A new crate gets its line here.
const RULES: &[(&str, May)] = &[
    ("privyseal", May::Only(&[])),
    ("privyseal-keys", May::Only(&["privyseal"])),
    ("privyseal-session", May::Only(&["privyseal"])),
    (
        "privyseal-stores",
        May::Only(&["privyseal", "privyseal-keys", "privyseal-session"]),
    ),
    ("privyseal-aws", May::Only(&["privyseal-keys"])),
    (
        "privyseal-vault",
        May::Only(&["privyseal", "privyseal-keys"]),
    ),
    (
        "privyseal-axum",
        May::Only(&["privyseal", "privyseal-session"]),
    ),
    (
        "privyseal-actix",
        May::Only(&["privyseal", "privyseal-session"]),
    ),
    (
        "privyseal-server",
        May::Only(&[
            "privyseal",
            "privyseal-keys",
            "privyseal-session",
            "privyseal-stores",
            "privyseal-axum",
        ]),
    ),
    ("privyseal-cli", May::All),
    (
        "privyseal-model",
        May::Only(&["privyseal", "privyseal-session", "privyseal-testkit"]),
    ),
    ("privyseal-ring-model", May::Only(&["privyseal"])),
    ("privyseal-testkit", May::All),
    ("privyseal-system-tests", May::All),
    ("privyseal-bench", May::All),
    ("privyseal-bench-load", May::Only(&[])),
    ("privyseal-bench-stores", May::All),
    ("xtask", May::All),
];

/// Programs: they stand at the end of every chain.
const NOBODY_DEPENDS_ON: &[&str] = &[
    "privyseal-cli",
    "privyseal-bench",
    "privyseal-model",
    "privyseal-ring-model",
    "privyseal-system-tests",
    "privyseal-bench-stores",
    "xtask",
];

/// The core takes time, randomness and bytes as arguments: no clock, no runtime, no network.
const NOT_IN_THE_CORE: &[&str] = &[
    "async-std",
    "axum",
    "chrono",
    "futures-util",
    "http",
    "hyper",
    "jiff",
    "mio",
    "rand",
    "smol",
    "socket2",
    "time",
    "tokio",
    "tower",
    "tower-service",
];

/// Checks the output of `cargo metadata`.
pub(crate) fn direction(metadata: &Value) -> Vec<String> {
    let graph = Graph::new(metadata);
    let mut complaints = Vec::new();
    for name in &graph.members {
        let Some((_, may)) = RULES.iter().find(|(known, _)| known == name) else {
            complaints.push(format!(
                "{name}: no rule says what it may depend on; add one to xtask/src/tidy/dependencies.rs"
            ));
            continue;
        };
        for dependency in graph
            .direct(name)
            .filter(|name| graph.members.contains(*name))
        {
            let allowed = match may {
                May::Only(list) => list.contains(&dependency),
                May::All => true,
            };
            if !allowed || NOBODY_DEPENDS_ON.contains(&dependency) {
                complaints.push(format!("{name}: may not depend on {dependency}"));
            }
        }
    }
    for name in graph.reachable("privyseal") {
        if NOT_IN_THE_CORE.contains(&name) {
            complaints.push(format!(
                "privyseal: the core may not depend on {name}, at any depth"
            ));
        }
    }
    complaints
}

/// Every line of the workspace's dependencies has a comment, on it or above its block.
pub(crate) fn every_one_has_its_reason(tree: &Tree) -> Vec<String> {
    let manifest = tree.text("Cargo.toml").unwrap_or_default();
    let mut complaints = Vec::new();
    let (mut inside, mut explained) = (false, false);
    for (number, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            inside = line.trim_end() == "[workspace.dependencies]";
            explained = false;
        } else if line.trim().is_empty() {
            explained = false;
        } else if line.starts_with('#') {
            explained = true;
        } else if inside && !explained && line.contains('=') && !line.contains(" # ") {
            complaints.push(format!("Cargo.toml:{}: say why: {line}  # ...", number + 1));
        }
    }
    complaints
}

/// The dependencies that reach users: normal and build ones, with every feature on.
struct Graph<'a> {
    members: BTreeSet<&'a str>,
    edges: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Graph<'a> {
    fn new(metadata: &'a Value) -> Self {
        let names: BTreeMap<&str, &str> = list(metadata, "packages")
            .filter_map(|package| Some((text(package, "id")?, text(package, "name")?)))
            .collect();
        let name = |id: &Value| names.get(id.as_str()?).copied();
        let members = list(metadata, "workspace_members")
            .filter_map(name)
            .collect();
        let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for node in metadata
            .get("resolve")
            .into_iter()
            .flat_map(|resolve| list(resolve, "nodes"))
        {
            let shipped = list(node, "deps").filter(|dependency| {
                list(dependency, "dep_kinds").any(|kind| text(kind, "kind") != Some("dev"))
            });
            let to = shipped.filter_map(|dependency| name(dependency.get("pkg")?));
            if let Some(from) = node.get("id").and_then(name) {
                edges.entry(from).or_default().extend(to);
            }
        }
        Self { members, edges }
    }

    fn direct(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.edges.get(name).into_iter().flatten().copied()
    }

    fn reachable(&self, name: &str) -> BTreeSet<&'a str> {
        let mut found: BTreeSet<&str> = self.direct(name).collect();
        let mut queue: Vec<&str> = found.iter().copied().collect();
        while let Some(next) = queue.pop() {
            queue.extend(self.direct(next).filter(|name| found.insert(name)));
        }
        found
    }
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(field)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Metadata of the edges `(from, to, kind)`; names that start with "privyseal" are ours.
    fn metadata(edges: &[(&str, &str, Option<&str>)]) -> Value {
        let names: BTreeSet<&str> = edges
            .iter()
            .flat_map(|(from, to, _)| [*from, *to])
            .collect();
        let nodes = names.iter().map(|name| {
            let deps = edges.iter().filter(|(from, ..)| from == name);
            let deps = deps.map(|(_, to, kind)| json!({"pkg": to, "dep_kinds": [{"kind": kind}]}));
            json!({"id": name, "deps": deps.collect::<Vec<_>>()})
        });
        let members: Vec<&&str> = names
            .iter()
            .filter(|name| name.starts_with("privyseal"))
            .collect();
        json!({
            "packages": names.iter().map(|name| json!({"id": name, "name": name})).collect::<Vec<_>>(),
            "workspace_members": members,
            "resolve": {"nodes": nodes.collect::<Vec<_>>()},
        })
    }

    #[test]
    fn the_right_direction_passes() {
        let metadata = metadata(&[
            ("privyseal", "sha2", None),
            ("privyseal-session", "privyseal", None),
            ("privyseal-axum", "privyseal-session", None),
            ("privyseal-axum", "tokio", None),
            ("privyseal-cli", "privyseal-axum", None),
        ]);
        assert_eq!(direction(&metadata), Vec::<String>::new());
    }

    #[test]
    fn the_core_depends_on_no_crate_of_ours() {
        let complaints = direction(&metadata(&[("privyseal", "privyseal-keys", None)]));
        assert_eq!(complaints, ["privyseal: may not depend on privyseal-keys"]);
    }

    #[test]
    fn the_core_has_no_clock_at_any_depth() {
        let edges = [
            ("privyseal", "innocent", None),
            ("innocent", "time", Some("build")),
        ];
        let complaints = direction(&metadata(&edges));
        assert_eq!(
            complaints,
            ["privyseal: the core may not depend on time, at any depth"]
        );
    }

    #[test]
    fn development_dependencies_are_free() {
        let edges = [
            ("privyseal", "tokio", Some("dev")),
            ("privyseal", "privyseal-testkit", Some("dev")),
        ];
        assert_eq!(direction(&metadata(&edges)), Vec::<String>::new());
    }

    #[test]
    fn nothing_depends_on_a_program() {
        let complaints = direction(&metadata(&[("privyseal-testkit", "privyseal-cli", None)]));
        assert_eq!(
            complaints,
            ["privyseal-testkit: may not depend on privyseal-cli"]
        );
    }

    #[test]
    fn a_crate_without_a_rule_is_asked_for_one() {
        let complaints = direction(&metadata(&[("privyseal-new", "sha2", None)]));
        assert!(
            complaints
                .first()
                .unwrap()
                .starts_with("privyseal-new: no rule"),
            "{complaints:?}"
        );
    }

    #[test]
    fn every_dependency_says_why() {
        let good =
            "[workspace.dependencies]\n# Ours.\na = { path = \"a\" }\n\nb = \"1\" # because\n";
        assert_eq!(
            every_one_has_its_reason(&Tree::of(&[("Cargo.toml", good)])),
            [""; 0]
        );

        let bad = format!("{good}\nc = \"1\"\n[profile.dev]\ndebug = true\n");
        let complaints = every_one_has_its_reason(&Tree::of(&[("Cargo.toml", &bad)]));
        assert_eq!(complaints, ["Cargo.toml:7: say why: c = \"1\"  # ..."]);
    }
}
