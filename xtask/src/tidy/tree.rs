//! The files of the repository: what git tracks, and what it would.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::process::{output, program};

/// Paths, with `/` and from the root, and their text; files that are no UTF-8 have none.
pub(crate) struct Tree {
    files: BTreeMap<String, Option<String>>,
}

impl Tree {
    /// Reads every file that is tracked, or is new and not ignored.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut git = program("git");
        git.args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        git.current_dir(root);
        let list = String::from_utf8(output(git)?).context("a path is not UTF-8")?;
        let mut files = BTreeMap::new();
        for path in list.split_terminator('\0') {
            // Git still lists what was deleted and not staged.
            if let Ok(bytes) = fs::read(root.join(path)) {
                files.insert(path.to_owned(), String::from_utf8(bytes).ok());
            }
        }
        Ok(Self { files })
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).into(), Some((*text).into())));
        Self {
            files: files.collect(),
        }
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The text files whose path ends with one of `endings`; all of them when there are none.
    pub(crate) fn texts(&self, endings: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(move |(path, text)| {
            let wanted = endings.is_empty() || endings.iter().any(|end| path.ends_with(end));
            wanted.then_some((path.as_str(), text.as_deref()?))
        })
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Whether a file, or a directory with a file in it, has this path.
    pub(crate) fn contains(&self, path: &str) -> bool {
        let directory = format!("{path}/");
        self.files.contains_key(path) || self.paths().any(|file| file.starts_with(&directory))
    }

    /// The directories of the crates under `crates/`.
    pub(crate) fn crates(&self) -> BTreeSet<String> {
        let names = self
            .paths()
            .filter_map(|path| path.strip_prefix("crates/")?.split_once('/'));
        names.map(|(name, _)| format!("crates/{name}")).collect()
    }
}
