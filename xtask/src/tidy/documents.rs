//! Documents that point at each other, and at what exists.

use std::collections::BTreeSet;

use super::tree::Tree;

/// Every page of the book is in its summary, so a reader can get there.
pub(crate) fn every_page_is_in_the_summary(tree: &Tree) -> Vec<String> {
    let summary = "docs/SUMMARY.md";
    let listed: Vec<String> = links(tree.text(summary).unwrap_or_default())
        .filter_map(|(_, target)| resolve(summary, target))
        .collect();
    let pages = tree.texts(&[".md"]).map(|(path, _)| path);
    pages
        .filter(|page| page.starts_with("docs/") && *page != summary)
        .filter(|page| !listed.iter().any(|path| path == page))
        .map(|page| format!("{page}: list it in {summary}"))
        .collect()
}

/// A link to a file of the repository finds it.
pub(crate) fn local_links_resolve(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.texts(&[".md"]) {
        for (number, target) in links(text) {
            if resolve(path, target).is_none_or(|target| !tree.contains(&target)) {
                complaints.push(format!("{path}:{number}: leads nowhere: {target}"));
            }
        }
    }
    complaints
}

/// A link on a page of the book leads to another one: elsewhere does not exist in a rendered book.
pub(crate) fn the_book_stands_alone(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    let pages = tree.texts(&[".md"]);
    for (path, text) in pages.filter(|(path, _)| path.starts_with("docs/")) {
        for (number, target) in links(text) {
            if resolve(path, target).is_some_and(|target| !target.starts_with("docs/")) {
                complaints.push(format!("{path}:{number}: leads out of the book: {target}"));
            }
        }
    }
    complaints
}

/// A document that says `cargo xtask NAME` names a command.
pub(crate) fn commands_of_xtask_exist(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.texts(&[".md"]) {
        for (number, line) in text.lines().enumerate() {
            for rest in line.split("cargo xtask ").skip(1) {
                let name = rest
                    .split(|c: char| !c.is_ascii_lowercase() && c != '-')
                    .next();
                let name = name.filter(|name| !name.is_empty());
                if name.is_some_and(|name| crate::COMMANDS.iter().all(|known| known.name != name)) {
                    complaints.push(format!("{path}:{}: no such command: {line}", number + 1));
                }
            }
        }
    }
    complaints
}

/// The page that says which test shows what names tests that exist, and of the engine's all those
/// of the behaviours of others.
pub(crate) fn tests_on_the_security_page_exist(tree: &Tree) -> Vec<String> {
    let page = "docs/security-tests.md";
    let text = tree.text(page).unwrap_or_default();
    let named: BTreeSet<&str> = text.split('`').filter(|word| is_test_name(word)).collect();
    let mut unknown = named.clone();
    let mut missing = BTreeSet::new();
    for (path, text) in tree.texts(&[".rs"]) {
        let is_engine = path.starts_with("crates/privyseal-session/");
        for name in text.lines().filter_map(function) {
            unknown.remove(name);
            if is_engine && name.starts_with("peers_") && !named.contains(name) {
                missing.insert(name);
            }
        }
    }
    let gone = unknown.iter();
    let gone = gone.map(|name| format!("{page}: there is no test `{name}`"));
    let missing = missing.iter();
    let missing = missing.map(|name| format!("{page}: say what `{name}` shows"));
    gone.chain(missing).collect()
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fn ")?;
    Some(rest.split_once('(')?.0)
}

/// Tests are named by sentences: several words, in lower case.
fn is_test_name(word: &str) -> bool {
    let of_words = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    word.matches('_').count() >= 3 && word.chars().all(of_words)
}

/// The changelog has a section for what comes, or for the version that the workspace has.
pub(crate) fn changelog_has_the_version(tree: &Tree) -> Vec<String> {
    let manifest = tree.text("Cargo.toml").unwrap_or_default();
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = \"")?.split('"').next());
    let version = version.unwrap_or_default();
    let changelog = tree.text("CHANGELOG.md").unwrap_or_default();
    let found = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## ["))
        .any(|heading| {
            heading.starts_with("Unreleased]") || heading.starts_with(&format!("{version}]"))
        });
    if found {
        return Vec::new();
    }
    vec![format!(
        "CHANGELOG.md: add a section `## [Unreleased]` or `## [{version}]`"
    )]
}

/// The targets of the links to local files, with their line numbers, code left out.
fn links(markdown: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    let lines = markdown.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    });
    lines.flat_map(|(number, line)| {
        let prose = line.split('`').step_by(2);
        // A link whose text is code is cut at its backticks, and its target starts a part.
        let targets = prose.flat_map(|part| part.split("](").skip(1));
        let targets = targets.filter_map(|rest| rest.split([')', ' ']).next());
        targets
            .filter(|target| is_local(target))
            .map(move |target| (number + 1, target))
    })
}

/// Not an address, not a heading of the same page, not an item of rustdoc.
fn is_local(target: &str) -> bool {
    let item = target.contains("::") || !target.contains(['.', '/']);
    !target.starts_with('#') && !target.contains("://") && !target.starts_with("mailto:") && !item
}

/// The path from the root that `target` has in the file `from`; none above the root.
fn resolve(from: &str, target: &str) -> Option<String> {
    let file = target.split('#').next().unwrap_or_default();
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [&str; 0] = [];

    #[test]
    fn a_page_outside_the_summary_is_found() {
        let page = ("docs/modes.md", "# Modes\n");
        let good = Tree::of(&[("docs/SUMMARY.md", "- [Modes](modes.md)\n"), page]);
        assert_eq!(every_page_is_in_the_summary(&good), NONE);
        let bad = Tree::of(&[("docs/SUMMARY.md", "- [Modes](https://modes.md)\n"), page]);
        assert_eq!(
            every_page_is_in_the_summary(&bad),
            ["docs/modes.md: list it in docs/SUMMARY.md"]
        );
    }

    #[test]
    fn links_to_files_resolve() {
        let text = "[a](../LICENSE#x) [`b`](./c.md) [d](docs) [e](#here) [f](https://g.h/i)\n\
                    `[j](k.md)` [Item](crate::Item)\n```\n[l](m.md)\n```\n";
        let tree = Tree::of(&[("docs/a.md", text), ("LICENSE", ""), ("docs/c.md", "")]);
        assert_eq!(local_links_resolve(&tree), NONE);
    }

    #[test]
    fn broken_links_are_found() {
        let text = "\n[a](gone.md) and [`b`](../../above.md) and [c](lost/)\n";
        let complaints = local_links_resolve(&Tree::of(&[("docs/a.md", text)]));
        let expected = ["gone.md", "../../above.md", "lost/"];
        assert_eq!(
            complaints,
            expected.map(|to| format!("docs/a.md:2: leads nowhere: {to}"))
        );
    }

    #[test]
    fn links_out_of_the_book_are_found() {
        let text = "[a](../LICENSE) [b](b.md) [c](../docs/b.md)\n";
        let tree = Tree::of(&[("docs/a.md", text), ("a.md", text), ("docs/b.md", "")]);
        assert_eq!(
            the_book_stands_alone(&tree),
            ["docs/a.md:1: leads out of the book: ../LICENSE"]
        );
    }

    #[test]
    fn commands_that_do_not_exist_are_found() {
        let good = "`cargo xtask` lists them, `cargo xtask known-keys --check` is one\n\
                    $ cargo xtask         # the others\n";
        assert_eq!(commands_of_xtask_exist(&Tree::of(&[("a.md", good)])), NONE);
        let bad = Tree::of(&[("a.md", "\ncargo xtask tests\n")]);
        assert_eq!(
            commands_of_xtask_exist(&bad),
            ["a.md:2: no such command: cargo xtask tests"]
        );
    }

    #[test]
    fn tests_that_are_gone_or_not_listed_are_found() {
        let page = (
            "docs/security-tests.md",
            "`a_b_c_d`, `peers_1_is_it_so`, `T::x`, `a_b`\n",
        );
        let good = "#[test]\nfn a_b_c_d() {\n    async fn peers_1_is_it_so() {}\n";
        let engine = "crates/privyseal-session/tests/it/a.rs";
        let tree = Tree::of(&[page, (engine, good), ("b.rs", "fn peers_3_elsewhere() {}")]);
        assert_eq!(tests_on_the_security_page_exist(&tree), NONE);
        let bad = [
            "fn a_b_c_e() {}\nfn peers_1_is_it_so() {}\n",
            "fn peers_",
            "2_x() {}\n",
        ];
        let tree = Tree::of(&[page, (engine, &bad.concat())]);
        assert_eq!(
            tests_on_the_security_page_exist(&tree),
            [
                "docs/security-tests.md: there is no test `a_b_c_d`",
                "docs/security-tests.md: say what `peers_2_x` shows",
            ]
        );
    }

    #[test]
    fn the_changelog_knows_the_version() {
        let manifest = ("Cargo.toml", "[workspace.package]\nversion = \"0.1.0\"\n");
        for heading in ["## [Unreleased]", "## [0.1.0] - 2026-01-01"] {
            let tree = Tree::of(&[manifest, ("CHANGELOG.md", heading)]);
            assert_eq!(changelog_has_the_version(&tree), NONE);
        }
        let tree = Tree::of(&[manifest, ("CHANGELOG.md", "## [0.0.9]\n")]);
        assert_eq!(changelog_has_the_version(&tree).len(), 1);
    }
}
