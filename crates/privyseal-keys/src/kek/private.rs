//! Files with secrets in them, which are read only if nobody else can.

use std::path::Path;

use super::KekError;
use crate::{KeyText, Warning};

/// The text of a file, if others than its owner can neither read nor write it.
///
/// A key file of an application is read with a warning, as it guards what is in the application
/// anyway. A key that guards other keys, and is open to others, guards nothing.
pub(super) fn text(path: &Path) -> Result<KeyText, KekError> {
    let text = KeyText::from_file(path)?;
    match text.warning() {
        Some(Warning::OpenToOthers { path, mode }) => Err(KekError::OpenToOthers {
            path: path.clone(),
            mode: *mode,
        }),
        _ => Ok(text),
    }
}
