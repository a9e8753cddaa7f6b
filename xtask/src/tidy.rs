//! `cargo xtask tidy`: the rules of the layout that no compiler checks.
//!
//! Every check is a function from the tree (or from `cargo metadata`) to a list of complaints,
//! each of which names the place and says what is wanted there.

mod dependencies;
mod documents;
mod layout;
mod text;
mod tree;

use anyhow::{Result, bail, ensure};

use self::tree::Tree;
use crate::process::{cargo, output};

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    ensure!(
        arguments.is_empty(),
        "`tidy` takes no arguments\n\nhint: run `cargo xtask tidy`"
    );
    let metadata = output(cargo([
        "metadata",
        "--locked",
        "--all-features",
        // Where servers run; in a browser, even randomness needs futures.
        "--filter-platform=x86_64-unknown-linux-gnu",
        "--format-version=1",
    ]))?;
    let metadata = serde_json::from_slice(&metadata)?;
    let tree = Tree::read(&crate::root())?;

    let mut complaints = dependencies::direction(&metadata);
    for check in CHECKS {
        complaints.extend(check(&tree));
    }
    if complaints.is_empty() {
        return Ok(());
    }
    eprintln!("\n{}\n", complaints.join("\n"));
    bail!(
        "tidy has {} complaints\n\nhint: each names its place, above",
        complaints.len()
    )
}

const CHECKS: &[fn(&Tree) -> Vec<String>] = &[
    dependencies::every_one_has_its_reason,
    documents::changelog_has_the_version,
    documents::commands_of_xtask_exist,
    documents::every_page_is_in_the_summary,
    documents::local_links_resolve,
    documents::tests_on_the_security_page_exist,
    documents::the_book_stands_alone,
    layout::crates_have_readme_and_lints,
    layout::files_tell_one_story,
    layout::known_keys_have_a_provenance,
    layout::modules_stand_beside_their_directory,
    text::no_private_places,
    text::open_ends_explain_themselves,
];
