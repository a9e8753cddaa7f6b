//! A ring as a file: a line that says which generation it is, and its bytes.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use super::directory::Directory;
use super::{error, if_there};
use crate::repository::{MAX_RING_BYTES, RepositoryError, Stored};
use crate::text::open_to_others;

/// The ring in a file, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<Stored>, RepositoryError> {
    let Some(metadata) = if_there(path, fs::symlink_metadata(path))? else {
        return Ok(None);
    };
    if !metadata.is_file() {
        let path = path.to_owned();
        return Err(RepositoryError::NotAFile { path });
    }
    let Some(file) = if_there(path, File::open(path))? else {
        return Ok(None);
    };
    refuse_open_to_others(path, &file)?;
    let mut content = Vec::new();
    let longest = MAX_RING_BYTES + MAX_HEADER;
    file.take(longest as u64)
        .read_to_end(&mut content)
        .map_err(|failed| error::of(path, failed))?;
    let stored = decode(&content);
    let unreadable = || format!("{}: not a whole file of this program", path.display());
    stored
        .map(Some)
        .ok_or_else(|| RepositoryError::unreadable(unreadable()))
}

/// Writes a file that has no name of a ring yet, whole and on the disk.
pub(super) fn write(
    directory: &Directory,
    prefix: &str,
    stored: &Stored,
) -> Result<NamedTempFile, RepositoryError> {
    let failed = |source| error::of(directory.path(), source);
    // Made with O_EXCL and mode 0600, removed when dropped.
    let mut file = NamedTempFile::with_prefix_in(prefix, directory.path()).map_err(failed)?;
    file.write_all(&encode(stored)).map_err(failed)?;
    directory.hand_over(file.as_file())?;
    file.as_file().sync_all().map_err(failed)?;
    Ok(file)
}

/// Nobody else may have read a key, or put in one of his own.
pub(super) fn refuse_open_to_others(path: &Path, file: &File) -> Result<(), RepositoryError> {
    match open_to_others(file).map_err(|failed| error::of(path, failed))? {
        None => Ok(()),
        Some(mode) => Err(RepositoryError::OpenToOthers {
            path: path.to_owned(),
            mode,
        }),
    }
}

pub(super) fn encode(stored: &Stored) -> Vec<u8> {
    let Stored { generation, bytes } = stored;
    let header = format!("{TITLE}{generation}, {} bytes\n", bytes.len());
    [header.as_bytes(), bytes].concat()
}

fn decode(content: &[u8]) -> Option<Stored> {
    let end = content
        .iter()
        .take(MAX_HEADER)
        .position(|byte| *byte == b'\n')?;
    let (header, bytes) = content.split_at_checked(end + 1)?;
    let numbers = str::from_utf8(header).ok()?.strip_prefix(TITLE)?;
    let (generation, _) = numbers.split_once(", ")?;
    let stored = Stored {
        generation: generation.parse().ok()?,
        bytes: bytes.to_vec(),
    };
    // There is one way to write each ring, and a file that was cut off is no other.
    (stored.may_follow(None).is_ok() && encode(&stored) == content).then_some(stored)
}

const TITLE: &str = "privyseal key ring, generation ";

/// More than the longest first line.
const MAX_HEADER: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_comes_back_as_it_was_written() {
        for (generation, bytes) in [
            (1, b"\n".to_vec()),
            (43, (0..=255).collect()),
            (i64::MAX.unsigned_abs(), vec![0; MAX_RING_BYTES]),
        ] {
            let stored = Stored { generation, bytes };
            let content = encode(&stored);
            assert_eq!(decode(&content), Some(stored));
        }
    }

    #[test]
    fn what_is_cut_off_or_was_edited_is_no_ring() {
        let content = encode(&Stored {
            generation: 43,
            bytes: b"the ring".to_vec(),
        });
        for length in 0..content.len() {
            assert_eq!(decode(&content[..length]), None, "{length}");
        }
        let text = String::from_utf8(content).unwrap();
        for edited in [
            text.replace("43", "043"),
            text.replace("43", "+43"),
            text.replace("43", "0"),
            text.replace("8 bytes", "08 bytes"),
            text.replace("8 bytes\nthe ring", "0 bytes\n"),
            text.replace('\n', "\r\n"),
            text.clone() + "\n",
            "x".repeat(100),
        ] {
            assert_eq!(decode(edited.as_bytes()), None, "{edited:?}");
        }
    }
}
