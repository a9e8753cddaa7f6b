//! What a stranger may rely on when looking for something in the tree.

use super::tree::Tree;

/// Beyond this many lines, tests apart, a file is asked whether it still tells one story.
const LONGEST_FILE: usize = 600;

/// `foo.rs` stands beside `foo/`; there is no `mod.rs`.
pub(crate) fn modules_stand_beside_their_directory(tree: &Tree) -> Vec<String> {
    let wrong = tree.paths().filter(|path| path.ends_with("/mod.rs"));
    wrong
        .map(|path| format!("{path}: name it after its directory, beside it"))
        .collect()
}

/// No source file has more than 600 lines, tests apart.
pub(crate) fn files_tell_one_story(tree: &Tree) -> Vec<String> {
    let sources = tree.texts(&[".rs", ".py", ".mjs", ".js"]);
    let sources =
        sources.filter(|(path, _)| !path.ends_with("/tests.rs") && !path.contains("/tests/"));
    sources
        .filter_map(|(path, text)| {
            let lines = text
                .lines()
                .take_while(|line| *line != "#[cfg(test)]")
                .count();
            (lines > LONGEST_FILE).then(|| {
                format!("{path}: {lines} lines without tests, at most {LONGEST_FILE}; split it")
            })
        })
        .collect()
}

/// Every crate explains itself, and takes the lints of the workspace.
pub(crate) fn crates_have_readme_and_lints(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for directory in tree.crates() {
        if tree.text(&format!("{directory}/README.md")).is_none() {
            complaints.push(format!("{directory}: write a README.md"));
        }
        let manifest = tree
            .text(&format!("{directory}/Cargo.toml"))
            .unwrap_or_default();
        if !takes_workspace_lints(manifest) {
            complaints.push(format!(
                "{directory}/Cargo.toml: add `[lints]` with `workspace = true`"
            ));
        }
    }
    complaints
}

/// A list of known keys comes with an account of where it was taken from, and under what licence.
pub(crate) fn known_keys_have_a_provenance(tree: &Tree) -> Vec<String> {
    let files = tree.paths().filter_map(|path| path.rsplit_once('/'));
    let data = files.filter(|(_, name)| {
        let (stem, kind) = name.rsplit_once('.').unwrap_or((name, ""));
        stem.starts_with("known") && !matches!(kind, "rs" | "md")
    });
    let without = data.filter(|(directory, _)| {
        let mut documents = tree
            .texts(&[".md"])
            .filter_map(|(path, _)| path.rsplit_once('/'));
        !documents.any(|(beside, name)| {
            beside == *directory && name.to_ascii_lowercase().contains("provenance")
        })
    });
    without
        .map(|(directory, name)| format!("{directory}/{name}: write a PROVENANCE.md beside it"))
        .collect()
}

fn takes_workspace_lints(manifest: &str) -> bool {
    let mut lines = manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[lints]")
        .skip(1);
    lines.next() == Some("workspace = true")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [&str; 0] = [];

    #[test]
    fn mod_rs_is_refused() {
        let tree = Tree::of(&[("crates/a/src/b/mod.rs", ""), ("crates/a/src/model.rs", "")]);
        let complaints = modules_stand_beside_their_directory(&tree);
        assert_eq!(
            complaints,
            ["crates/a/src/b/mod.rs: name it after its directory, beside it"]
        );
    }

    #[test]
    fn the_longest_file_is_600_lines() {
        let longest = "x\n".repeat(600);
        assert_eq!(files_tell_one_story(&Tree::of(&[("a.rs", &longest)])), NONE);
        let complaints = files_tell_one_story(&Tree::of(&[("a.rs", &format!("{longest}x\n"))]));
        assert_eq!(
            complaints,
            ["a.rs: 601 lines without tests, at most 600; split it"]
        );
    }

    #[test]
    fn tests_do_not_count() {
        let long = "x\n".repeat(1000);
        let tree = Tree::of(&[
            ("a.rs", &format!("#[cfg(test)]\n{long}")),
            ("a/tests.rs", &long),
        ]);
        assert_eq!(files_tell_one_story(&tree), NONE);
    }

    #[test]
    fn a_crate_needs_a_readme_and_the_lints() {
        let good = "[package]\n\n[lints]\nworkspace = true\n";
        let tree = Tree::of(&[
            ("crates/a/Cargo.toml", good),
            ("crates/a/README.md", "# a\n"),
        ]);
        assert_eq!(crates_have_readme_and_lints(&tree), NONE);

        let bad = "[package]\nversion.workspace = true\n\n[lints]\n";
        let complaints = crates_have_readme_and_lints(&Tree::of(&[("crates/a/Cargo.toml", bad)]));
        assert_eq!(complaints.len(), 2, "{complaints:?}");
    }

    #[test]
    fn known_keys_need_their_provenance() {
        let data = ("crates/a/src/known_keys.bin", "");
        assert_eq!(known_keys_have_a_provenance(&Tree::of(&[data])).len(), 1);
        let account = ("crates/a/src/PROVENANCE.md", "");
        assert_eq!(
            known_keys_have_a_provenance(&Tree::of(&[data, account])),
            NONE
        );
    }
}
