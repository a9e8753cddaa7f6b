//! The pages with examples in Rust are doctests of this crate, and the one about actix-web is of
//! that adapter.

use std::fs;
use std::path::{Path, PathBuf};

/// Pages of the repository's root and of the book. Those of the crates are their documentation.
fn pages(root: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut open = vec![
        root.to_owned(),
        root.join("docs"),
        root.join("docs/decisions"),
    ];
    while let Some(directory) = open.pop() {
        let entries = fs::read_dir(directory).unwrap();
        let files = entries.map(|entry| entry.unwrap().path());
        pages.extend(files.filter(|path| path.extension().is_some_and(|kind| kind == "md")));
    }
    pages
}

#[test]
fn every_page_with_rust_in_it_is_a_doctest() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let libraries = [
        include_str!("../../src/lib.rs"),
        include_str!("../../../privyseal-actix/src/lib.rs"),
    ];
    let mut with_rust = 0;
    for page in pages(&root) {
        let text = fs::read_to_string(&page).unwrap();
        let name = page.strip_prefix(&root).unwrap().display().to_string();
        let included = format!("include_str!(\"../../../{name}\")");
        let listed = libraries.iter().any(|library| library.contains(&included));
        let has_rust = text.lines().any(|line| line.starts_with("```rust"));
        assert_eq!(listed, has_rust, "{name}: doctested, has Rust");
        with_rust += u32::from(has_rust);
        // A block that rustdoc leaves out reads like one that it has run.
        let ignored = ["```rust,ignore", "```ignore", "```rust,compile_fail"];
        assert!(!ignored.iter().any(|fence| text.contains(fence)), "{name}");
    }
    assert!(with_rust >= 4, "only {with_rust} pages were found");
}
